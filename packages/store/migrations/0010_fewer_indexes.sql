DROP INDEX "result_outbox_in_order";--> statement-breakpoint
DROP INDEX "tasks_running_on";--> statement-breakpoint
DROP INDEX "tasks_running_of_batch";--> statement-breakpoint
CREATE INDEX "tasks_running" ON "tasks" USING btree ("batch_id","worker_id") WHERE state = 'running';--> statement-breakpoint
ALTER TABLE "waiting" DROP COLUMN "again";