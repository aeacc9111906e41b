import { batchResultsSpec } from './batch-results.ts'
import { cancelBatchSpec } from './cancel-batch.ts'
import { cancelTaskSpec } from './cancel-task.ts'
import { deleteSkuSpec } from './delete-sku.ts'
import { findSkusSpec } from './find-skus.ts'
import { generateSpec } from './generate.ts'
import { getBatchSpec } from './get-batch.ts'
import { getTaskSpec } from './get-task.ts'
import { listTasksSpec } from './list-tasks.ts'
import { asyncapiSpec, docsSpec, healthSpecs, metricsSpecs, openapiSpec } from './operations.ts'
import { putSkusSpec } from './put-skus.ts'
import type { RouteSpec } from './route-spec.ts'

/** Every route there is. */
export function routeSpecs(magicTypes: readonly string[]): readonly RouteSpec[] {
  return [
    generateSpec(magicTypes),
    getTaskSpec,
    listTasksSpec,
    cancelTaskSpec,
    getBatchSpec,
    cancelBatchSpec,
    batchResultsSpec,
    putSkusSpec,
    findSkusSpec,
    deleteSkuSpec,
    ...healthSpecs,
    ...metricsSpecs,
    openapiSpec,
    asyncapiSpec,
    docsSpec,
  ]
}
