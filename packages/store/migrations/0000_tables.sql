CREATE TABLE "answers" (
	"task_id" uuid NOT NULL,
	"suggestion" smallint NOT NULL,
	"answer" text NOT NULL,
	CONSTRAINT "answers_task_id_suggestion_pk" PRIMARY KEY("task_id","suggestion")
) PARTITION BY RANGE ("task_id");
--> statement-breakpoint
CREATE TABLE "batches" (
	"batch_id" uuid PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"first_task_id" uuid NOT NULL,
	"last_task_id" uuid NOT NULL,
	"submitted" integer NOT NULL,
	"open" integer NOT NULL,
	"succeeded" integer DEFAULT 0 NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	"cancelled" integer DEFAULT 0 NOT NULL,
	"expired" integer DEFAULT 0 NOT NULL,
	"model_calls" integer DEFAULT 0 NOT NULL,
	"prompt_tokens" bigint DEFAULT 0 NOT NULL,
	"completion_tokens" bigint DEFAULT 0 NOT NULL,
	"cost_micro_usd" bigint DEFAULT 0 NOT NULL,
	"unpriced_calls" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant" text NOT NULL,
	"route" text NOT NULL,
	"key" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"batch_id" uuid NOT NULL,
	"answer" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_route_key_pk" PRIMARY KEY("tenant","route","key")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" uuid NOT NULL,
	"until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_calls" (
	"task_id" uuid NOT NULL,
	"call_id" uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"suggestion" smallint NOT NULL,
	"fence" integer NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"prompt_version" smallint NOT NULL,
	"prompt_tokens" integer,
	"completion_tokens" integer,
	"cost_micro_usd" bigint,
	"latency_ms" integer NOT NULL,
	"outcome" text NOT NULL,
	"recorded_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "model_calls_task_id_call_id_pk" PRIMARY KEY("task_id","call_id")
) PARTITION BY RANGE ("task_id");
--> statement-breakpoint
CREATE TABLE "payloads" (
	"task_id" uuid PRIMARY KEY NOT NULL,
	"record" text NOT NULL,
	"metadata" text
) PARTITION BY RANGE ("task_id");
--> statement-breakpoint
CREATE TABLE "result_outbox" (
	"task_id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "results" (
	"task_id" uuid PRIMARY KEY NOT NULL,
	"status" text NOT NULL,
	"results" text NOT NULL,
	"error" text,
	"degraded" boolean NOT NULL,
	"provider" text,
	"model" text
) PARTITION BY RANGE ("task_id");
--> statement-breakpoint
CREATE TABLE "tasks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"batch_id" uuid NOT NULL,
	"tenant" text NOT NULL,
	"campaign_sn" text NOT NULL,
	"magic_type" text NOT NULL,
	"lane" text NOT NULL,
	"queue" text NOT NULL,
	"payload_hash" "bytea" NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"fence" integer DEFAULT 0 NOT NULL,
	"deaths" integer DEFAULT 0 NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"worker_id" uuid,
	"deadline" timestamp with time zone,
	"started_at" timestamp with time zone,
	"claimed_at" timestamp with time zone,
	"finished_at" timestamp with time zone
) PARTITION BY RANGE ("id");
--> statement-breakpoint
CREATE TABLE "waiting" (
	"task_id" uuid PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"lane" text NOT NULL,
	"queue" text NOT NULL,
	"rank" smallint DEFAULT 0 NOT NULL,
	"cost" integer DEFAULT 1 NOT NULL,
	"due_at" timestamp with time zone,
	"deadline" timestamp with time zone,
	"released_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "workers" (
	"worker_id" uuid PRIMARY KEY NOT NULL,
	"beat" integer DEFAULT 0 NOT NULL,
	"slots" integer NOT NULL,
	"running" integer DEFAULT 0 NOT NULL,
	"settled_per_s" real DEFAULT 0 NOT NULL,
	"version" text NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "result_outbox_in_order" ON "result_outbox" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "tasks_of_tenant" ON "tasks" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "tasks_running_on" ON "tasks" USING btree ("worker_id") WHERE state = 'running';--> statement-breakpoint
CREATE INDEX "tasks_running_of_batch" ON "tasks" USING btree ("batch_id") WHERE state = 'running';--> statement-breakpoint
CREATE INDEX "waiting_in_order" ON "waiting" USING btree ("lane","queue","rank","task_id") WHERE released_until is null and due_at is null;--> statement-breakpoint
CREATE INDEX "waiting_until_due" ON "waiting" USING btree ("lane","queue","due_at") WHERE released_until is null and due_at is not null;--> statement-breakpoint
CREATE INDEX "waiting_released" ON "waiting" USING btree ("lane","queue","released_until") WHERE released_until is not null;--> statement-breakpoint
CREATE INDEX "waiting_until_deadline" ON "waiting" USING btree ("deadline") WHERE deadline is not null;--> statement-breakpoint
CREATE INDEX "waiting_of_tenant" ON "waiting" USING btree ("tenant");