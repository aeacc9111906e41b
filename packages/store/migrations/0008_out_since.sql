ALTER TABLE "release_room" ADD COLUMN "out_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "release_room" DROP COLUMN "ready";