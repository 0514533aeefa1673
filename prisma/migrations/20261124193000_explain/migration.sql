-- CreateTable
CREATE TABLE "ExplainRequest" (
    "id" UUID NOT NULL,
    "gatewayId" UUID NOT NULL,
    "requestedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "request" TEXT NOT NULL,
    "answer" TEXT,

    CONSTRAINT "ExplainRequest_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ExplainRequest_requestedAt_idx" ON "ExplainRequest"("requestedAt");

-- AddForeignKey
ALTER TABLE "ExplainRequest" ADD CONSTRAINT "ExplainRequest_gatewayId_fkey" FOREIGN KEY ("gatewayId") REFERENCES "Gateway"("id") ON DELETE CASCADE ON UPDATE CASCADE;
