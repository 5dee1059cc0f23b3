/**
 * Writes the types of the management API from the OpenAPI document that the server describes itself with, so that a
 * call in the console that the server does not know fails to compile. The file is not committed: it can't be old.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript'
import { createOpenApi } from '../../server/src/manage/openapi.ts'
import { operations } from '../../server/src/manage/operations.ts'
import type { Rooms } from '../../server/src/manage/rooms.ts'

// Operations use their rooms when they run, and none does here. What some take on being made is nothing at all.
const nothing: object = new Proxy(() => nothing, { get: () => nothing })
const described = createOpenApi(operations(nothing as Rooms), '0')
const types = await openapiTypescript(described as OpenAPI3, { defaultNonNullable: false })
writeFileSync(
  join(import.meta.dirname, '../src/api/schema.d.ts'),
  `// Made by console/scripts/types.ts.\n${astToString(types)}`,
)
