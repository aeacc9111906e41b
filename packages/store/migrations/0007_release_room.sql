CREATE TABLE "release_room" (
	"queue" text PRIMARY KEY NOT NULL,
	"tasks" integer NOT NULL,
	"ready" boolean NOT NULL
);
