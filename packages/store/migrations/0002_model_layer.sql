CREATE TABLE "fair_charges" (
	"tenant" text NOT NULL,
	"lane" text NOT NULL,
	"queue" text NOT NULL,
	"tokens" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rate_buckets" (
	"name" text PRIMARY KEY NOT NULL,
	"level" double precision NOT NULL,
	"filled_at" timestamp with time zone DEFAULT now() NOT NULL,
	"learned_per_s" double precision
);
--> statement-breakpoint
CREATE TABLE "slots_held" (
	"name" text NOT NULL,
	"worker_id" uuid NOT NULL,
	"held" integer NOT NULL,
	"wanted" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "slots_held_name_worker_id_pk" PRIMARY KEY("name","worker_id")
);
--> statement-breakpoint
CREATE TABLE "targets" (
	"name" text PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"most" integer,
	"reason" text,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	"until" timestamp with time zone,
	"forced" text,
	"revision" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
DROP INDEX "waiting_in_order";--> statement-breakpoint
ALTER TABLE "model_calls" ADD COLUMN "cached_tokens" integer;--> statement-breakpoint
ALTER TABLE "model_calls" ADD COLUMN "reasoning_tokens" integer;--> statement-breakpoint
ALTER TABLE "model_calls" ADD COLUMN "first_token_ms" integer;--> statement-breakpoint
ALTER TABLE "model_calls" ADD COLUMN "probe" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "results" ADD COLUMN "cached" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "waiting" ADD COLUMN "waits_for" text;--> statement-breakpoint
ALTER TABLE "workers" ADD COLUMN "routes" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
CREATE INDEX "waiting_in_order" ON "waiting" USING btree ("lane","queue","tenant","rank","task_id","cost") WHERE released_until is null and due_at is null;