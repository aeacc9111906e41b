DROP INDEX "waiting_in_order";--> statement-breakpoint
ALTER TABLE "waiting" ADD COLUMN "again" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "waiting_for_target" ON "waiting" USING btree ("waits_for","task_id") WHERE waits_for is not null;--> statement-breakpoint
CREATE INDEX "waiting_in_order" ON "waiting" USING btree ("lane","queue","tenant","deadline","task_id","cost") WHERE released_until is null and due_at is null;--> statement-breakpoint
ALTER TABLE "waiting" DROP COLUMN "rank";