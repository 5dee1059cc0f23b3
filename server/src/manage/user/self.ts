import Type from 'typebox'
import { AUTO, ratioFor } from '../../groups/groups.ts'
import { byName } from '../by-name.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { accountOf, selfSchema, toSelf } from './record.ts'

/** `GET /api/user/self` */
export const getSelf = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/user/self',
    scope: 'any',
    whilePasswordDue: true,
    summary: 'Get your own account',
    tag: 'Your account',
    data: selfSchema,
    async run({ caller }) {
      const account = await accountOf(rooms, caller.accountId)
      // Accounts that scripts make for scripts have none, and need none.
      const isMissing = caller.session !== undefined && !account.hasPassword
      return { data: { ...toSelf(account), ...(isMissing && { password_missing: true as const }) } }
    },
  })

/** `GET /api/user/self/groups` */
export const getOwnGroups = ({ groups }: Pick<Rooms, 'groups'>) =>
  operation({
    method: 'GET',
    path: '/api/user/self/groups',
    scope: 'any',
    summary: 'Groups that your API keys may use',
    tag: 'Your account',
    description:
      'With what each costs: the factor of every price. `auto` walks others in order; its ratio is that of the first.',
    data: byName(Type.Object({ ratio: Type.Number(), desc: Type.String() }), {}),
    async run({ caller }) {
      const own = new Set([caller.group, ...caller.groups])
      const usable = groups.all().filter(({ name }) => own.has(name))
      const shown = usable.map((group) => {
        const ratio = Number(ratioFor(group, caller.group))
        return [group.name, { ratio, desc: group.description }] as const
      })
      const walked = groups.order.filter((name) => own.has(name))
      const ratios = new Map(shown.map(([name, { ratio }]) => [name, ratio]))
      const auto = {
        ratio: ratios.get(walked[0] ?? '') ?? 1,
        desc: walked.length === 0 ? '' : `${walked.join(', ')}: in this order`,
      }
      return { data: Object.fromEntries(own.has(AUTO) ? [...shown, [AUTO, auto]] : shown) }
    },
  })
