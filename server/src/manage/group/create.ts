import { Refused } from '../../errors.ts'
import { mustExist } from '../../groups/statements.ts'
import { UniqueViolation } from '../../storage/failures.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { checkName, groupSchema, newGroup, toColumns } from './fields.ts'
import { requireGroups, subjectOf, toRecord } from './record.ts'

/** `POST /api/group/` */
export const createGroup = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/group',
    scope: 'admin',
    summary: 'Create a group',
    description: 'Channels and accounts can name it from then on.',
    tag: 'Groups',
    body: newGroup,
    data: groupSchema,
    async run(asked) {
      const { store } = rooms
      const { name } = asked.body
      checkName(name)
      const standard = {
        description: '',
        ratio: '1',
        ratios: '{}',
        walks: null,
        policy: '' as const,
        fallback_models: '[]',
      }
      const row = { name, ...standard, ...toColumns(asked.body) }
      const special = Object.keys(asked.body.ratios ?? {})
      // For its own accounts it may have a ratio of their own.
      const others = special.filter((own) => own !== name)
      const audited = auditStatement(rooms, asked, {
        action: 'group.create',
        subject: subjectOf(name),
        after: toRecord(row),
      })
      const created = store.db.insertInto('channel_group').values(row)
      const statements = [created, ...mustExist(store.db, special), audited]
      let done = false
      // Again when one of the others was deleted at this moment: then it is named.
      while (!done) {
        await requireGroups(rooms, 'ratios', others)
        const writing = store.write(statements, [{ kind: 'group', subject: name }])
        ;({ done } = await writing.catch((error: unknown) => {
          throw error instanceof UniqueViolation ? nameTaken(name) : error
        }))
      }
      return { data: toRecord(row) }
    },
  })

const nameTaken = (name: string): Refused =>
  new Refused('already_exists', `there is a group named ${name} already`)
