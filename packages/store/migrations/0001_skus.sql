CREATE TABLE "sku_catalogues" (
	"tenant" text PRIMARY KEY NOT NULL,
	"revision" bigint NOT NULL,
	"entries" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "skus" (
	"tenant" text NOT NULL,
	"sku" text NOT NULL,
	"description" text NOT NULL,
	"embedding" "bytea" NOT NULL,
	"embedding_model" text NOT NULL,
	"revision" bigint NOT NULL,
	CONSTRAINT "skus_tenant_sku_pk" PRIMARY KEY("tenant","sku")
);
--> statement-breakpoint
CREATE INDEX "skus_by_revision" ON "skus" USING btree ("tenant","revision");