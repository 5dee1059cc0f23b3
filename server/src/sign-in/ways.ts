import type { Settings } from '../settings/settings.ts'
import type { Store } from '../storage/store.ts'
import type { SignInConfig } from './config.ts'

/** How one may sign in to the console. */
export interface WaysOffered {
  readonly password: true
  readonly passkey: boolean
  /** Others that vouch for people, by their names in paths. */
  readonly providers: readonly string[]
  readonly sign_up: 'off' | 'invite' | 'open'
  /** Whether the gateway can send e-mail. */
  readonly email: boolean
}

export interface Ways {
  offered(): WaysOffered
  /** Whether an administrator still has the password of the first start. */
  setUpDue(): Promise<boolean>
}

interface Parts {
  readonly store: Store
  readonly settings: Settings
  readonly config: SignInConfig
}

/** What whoever is not signed in may know. */
export function createWays({ store, settings, config }: Parts): Ways {
  // Passwords are made by the first start alone: what was done is done for good.
  let due: Promise<boolean> | undefined
  store.onChange(({ kind }) => {
    if (kind === 'account') void due?.then((was) => was && forget()).catch(forget)
  })
  store.onBehind(forget)
  function forget() {
    due = undefined
  }
  return {
    offered: () => ({
      ...{ password: true, passkey: true, email: config.mail !== undefined },
      providers: config.providers.map(({ id }) => id),
      sign_up: settings.get('sign_up.mode'),
    }),
    setUpDue() {
      due ??= isDue(store)
      due.catch(forget)
      return due
    },
  }
}

async function isDue({ db }: Store): Promise<boolean> {
  const query = db
    .selectFrom('account')
    .select('id')
    .where('password_due', '=', 1)
    .where('role', '=', 'admin')
    .where('deleted_at', 'is', null)
    .limit(1)
  return (await query.executeTakeFirst()) !== undefined
}
