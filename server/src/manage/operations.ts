import Type from 'typebox'
import { accessTokenOperations } from './access-token/operations.ts'
import { listAudit } from './audit/list.ts'
import { channelOperations } from './channel/operations.ts'
import { currentKeyOperations } from './current-key/operations.ts'
import { groupOperations } from './group/operations.ts'
import { logOperations } from './log/operations.ts'
import { modelListOperations } from './model-list/operations.ts'
import { listNodes } from './node/list.ts'
import { createOpenApi } from './openapi.ts'
import { type Operation, operation } from './operation.ts'
import { priceOperations } from './price/operations.ts'
import { redemptionOperations } from './redemption/operations.ts'
import type { Rooms } from './rooms.ts'
import { settingOperations } from './setting/operations.ts'
import { signUpOperations } from './sign-up/operations.ts'
import { statusOperations } from './status/operations.ts'
import { tokenOperations } from './token/operations.ts'
import { userOperations } from './user/operations.ts'
import { webhookOperations } from './webhook/operations.ts'

/** The whole management API. The order is that of the reference. */
export function operations(rooms: Rooms): readonly Operation[] {
  const others: readonly Operation[] = [
    ...tokenOperations(rooms),
    ...currentKeyOperations(rooms),
    ...modelListOperations(rooms),
    ...userOperations(rooms),
    ...accessTokenOperations(rooms),
    ...signUpOperations(rooms),
    ...redemptionOperations(rooms),
    ...logOperations(rooms),
    ...channelOperations(rooms),
    ...groupOperations(rooms),
    ...priceOperations(rooms),
    ...settingOperations(rooms),
    listAudit(rooms),
    listNodes(rooms),
    ...webhookOperations(rooms),
    ...statusOperations(rooms),
  ]
  return [...others, describeItself(rooms, others)]
}

/** `GET /api/openapi.json` */
function describeItself(rooms: Rooms, others: readonly Operation[]): Operation {
  let document: object | undefined
  const described: Operation = operation({
    method: 'GET',
    path: '/api/openapi.json',
    scope: 'public',
    summary: 'This description, as OpenAPI 3.1',
    whole: Type.Object({}, { description: 'An OpenAPI document.' }),
    tag: 'Program',
    async run() {
      // Built when somebody asks first: most processes never are.
      document ??= createOpenApi([...others, described], rooms.program.version)
      return { raw: document }
    },
  })
  return described
}
