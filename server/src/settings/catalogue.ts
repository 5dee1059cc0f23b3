import { whyNotFallbacks } from '../channels/fallback-models.ts'

/** A setting's type, standard value and explanation; `docs/settings.md` and `GET /api/setting/` are made from it. */
export type Setting = WholeSetting | ChoiceSetting | FlagSetting | FallbacksSetting

interface WholeSetting {
  readonly type: 'integer'
  readonly standard: number
  readonly least: number
  readonly most: number
  readonly says: string
}

interface ChoiceSetting {
  readonly type: 'choice'
  readonly standard: string
  readonly choices: readonly string[]
  readonly says: string
}

interface FlagSetting {
  readonly type: 'boolean'
  readonly standard: boolean
  readonly says: string
}

/** An object of model ids, each with the models that are tried instead. */
interface FallbacksSetting {
  readonly type: 'fallbacks'
  readonly standard: Fallbacks
  readonly says: string
}

export type Fallbacks = Readonly<Record<string, readonly string[]>>

/** Each of them is in memory at every node, and goes to every one that reads the settings. */
const MOST_MODELS = 500

/** What can be set while the gateway runs: by API, console or CLI. What it needs to start stands in config.ts. */
export interface SettingValues {
  'keys.max_per_account': number
  'keys.reveal': 'always' | 'on-demand' | 'never'
  'balance.scope': 'account' | 'key'
  'quota.lower_output': 'on' | 'off'
  'revocation.streams': 'finish' | 'cut'
  'storage.durability': 'full' | 'process'
  'objects.vector_stores': 'refused' | 'shared'
  'errors.type': 'comet_api_error' | 'turnpike_error' | 'invalid_request_error'
  'limits.body_bytes': number
  'limits.upload_disk_bytes': number
  'limits.manage_per_minute': number
  'limits.key_cache': number
  'metrics.public': boolean
  'timeouts.first_byte_ms': number
  'timeouts.idle_ms': number
  'timeouts.total_ms': number
  'realtime.idle_ms': number
  'realtime.total_ms': number
  'routing.policy': 'weighted' | 'least_busy' | 'cheapest'
  'routing.sticky': 'off' | 'cache_key' | 'prefix'
  'routing.retry_percent': number
  'routing.fallback_models': Fallbacks
  'routing.hedge': 'off' | 'on'
  'routing.hedge_after_ms': number
  'ledger.wait_ms': number
  'usage.keep_days': number
  'sign_up.mode': 'off' | 'invite' | 'open'
  'sign_up.quota': number
  'sign_in.link_by_email': boolean
  'events.keep_days': number
  'events.expiring_days': number
  'events.account_low': number
}

export type SettingName = keyof SettingValues

export const settings = {
  'keys.max_per_account': whole(
    [1000, 1, 10_000_000],
    'How many API keys an account may have at a time.',
  ),
  'keys.reveal': choice(
    ['always', 'on-demand', 'never'],
    '`always`: reading a key gives its value. `on-demand`: reads are masked, one call reveals, audited. `never`: the value is shown at creation and stored nowhere.',
  ),
  'balance.scope': choice(
    ['account', 'key'],
    'What `GET /user/quota` tells the holder of an API key: the whole account, or that key only.',
  ),
  'quota.lower_output': choice(
    ['on', 'off'],
    'Whether an output limit that key or account cannot afford is lowered, by at most half, instead of refused.',
  ),
  'revocation.streams': choice(
    ['finish', 'cut'],
    'What becomes of running calls when their key is disabled, deleted, expired or marked by a change, when its account is suspended, or when it loses the right to the model, group or address. `finish`: they run to their end. `cut`: they end at once with an error, and what was produced is charged.',
  ),
  'storage.durability': choice(
    ['full', 'process'],
    '`full`: an answer ends after its charge is on the disk. `process`: after the operating system has it; a power failure may lose the last charges. Counts from the next start.',
  ),
  'objects.vector_stores': choice(
    ['refused', 'shared'],
    "What becomes of calls that name vector stores of OpenAI's or file search stores of Google's. They can't be made through the gateway, so they are nobody's: `refused`. `shared`: every account may use all that the providers keep for the gateway's keys.",
  ),
  'errors.type': choice(
    ['comet_api_error', 'turnpike_error', 'invalid_request_error'],
    'The `type` of errors in the OpenAI dialect.',
  ),
  'limits.body_bytes': whole(
    [33_554_432, 1024, 1_073_741_824],
    'Largest body of a model request, in bytes, before and after decompression.',
  ),
  'limits.upload_disk_bytes': whole(
    [4_294_967_296, 1024 * 1024, 2 ** 46],
    'How many bytes of files in forms may be on the disk at a time, from 256 KiB a form on, until their calls are over. Each process counts for itself.',
  ),
  'limits.manage_per_minute': whole(
    [600, 1, 1_000_000],
    'Management calls that an account may make in any 60 seconds, and as many by its API keys about themselves. Each process counts for itself.',
  ),
  'limits.key_cache': whole(
    [50_000, 100, 10_000_000],
    'How many API keys are kept in memory, ready to use. About 1 KB each.',
  ),
  'metrics.public': {
    type: 'boolean',
    standard: true,
    says: 'Whether `/metrics` answers without a token. Otherwise it takes one with the scope `admin`.',
  },
  'timeouts.first_byte_ms': whole(
    [120_000, 100, 3_600_000],
    'How long a provider may take until its answer begins, in milliseconds.',
  ),
  'timeouts.idle_ms': whole(
    [120_000, 100, 3_600_000],
    'How long a provider may be silent within an answer, in milliseconds.',
  ),
  'timeouts.total_ms': whole(
    [1_800_000, 100, 86_400_000],
    'How long a whole model call may take, in milliseconds.',
  ),
  'realtime.idle_ms': whole(
    [900_000, 1_000, 86_400_000],
    'How long nothing may be said in a realtime session, by either side, in milliseconds. Then it is ended.',
  ),
  'realtime.total_ms': whole(
    [3_600_000, 1_000, 86_400_000],
    'How long a realtime session may last, in milliseconds. Providers have limits of their own: OpenAI ends one after an hour.',
  ),
  'routing.policy': choice(
    ['weighted', 'least_busy', 'cheapest'],
    'How a channel is chosen among those of equal priority. `weighted`: by chance, as often as their weights say. `least_busy`: of two that chance names, the one with fewer running calls and quicker answers. `cheapest`: those of the lowest `cost_ratio` first; that of free ones is 0.',
  ),
  'routing.sticky': choice(
    ['off', 'cache_key', 'prefix'],
    "Whether calls that share a prompt go to the same channel while it is up, so that the provider's prompt cache is of use. `cache_key`: calls of an account with the same `prompt_cache_key` or `metadata.user_id`. `prefix`: also calls without one whose messages begin with the same 4 KiB.",
  ),
  'routing.retry_percent': whole(
    [20, 0, 1_000],
    'How many further attempts there may be for each hundred calls of a group, over ten seconds and at each node, so that a provider that is dying is not asked twice as much. Ten may always be made, unless it is 0: then no call is tried again.',
  ),
  'routing.fallback_models': {
    type: 'fallbacks',
    standard: {},
    says: 'Models to try, in order, when nobody can serve the asked one: an object of model ids, each with a list of up to 8 others, such as `{"model-a": ["model-b"]}`. For keys without `fallback_models` of their own or of their group. Replaced as a whole.',
  },
  'routing.hedge': choice(
    ['off', 'on'],
    '`on`: when the first byte of an answer is later than nineteen of twenty were lately, the next channel of the same group is asked, too; whoever begins first answers, and the other request is broken off. Only what the caller gets is charged, but the provider may bill both. Counts as a further attempt for `routing.retry_percent`.',
  ),
  'routing.hedge_after_ms': whole(
    [500, 50, 600_000],
    'With `routing.hedge`: how long a channel is waited for at least, in milliseconds, however quick it is otherwise.',
  ),
  'ledger.wait_ms': whole(
    [500, 0, 60_000],
    'How long a call waits for units that only running calls hold, in milliseconds.',
  ),
  'usage.keep_days': whole(
    [0, 0, 36_500],
    'How many days usage records are kept; 0: for ever. Sums by the hour stay, and so do balances and what proves them.',
  ),
  'sign_up.mode': choice(
    ['off', 'invite', 'open'],
    'Who may make an account of their own: nobody, whoever has an invitation of an administrator, or everybody.',
  ),
  'sign_up.quota': whole(
    [0, 0, 1_000_000_000_000_000],
    'Units that an account begins with which somebody made without an invitation.',
  ),
  'sign_in.link_by_email': {
    type: 'boolean',
    standard: false,
    says: 'Whether a provider that vouches for the e-mail address of an account opens it, without being linked to it first.',
  },
  'events.keep_days': whole(
    [7, 2, 365],
    'How many days events and their deliveries to webhooks are kept.',
  ),
  'events.expiring_days': whole(
    [7, 0, 365],
    'How many days before an API key expires the event `key.expiring` is told; 0: never.',
  ),
  'events.account_low': whole(
    [500_000, 0, 1_000_000_000_000_000],
    'The event `account.low` is told when a balance falls below this many units; 0: never.',
  ),
} as const satisfies Record<SettingName, Setting>

function whole([standard, least, most]: readonly [number, number, number], says: string) {
  return { type: 'integer', standard, least, most, says } as const
}

function choice<const C extends readonly [string, ...string[]]>(choices: C, says: string) {
  return { type: 'choice', standard: choices[0], choices, says } as const
}

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(settings, name)

/** What is wrong with a value for this setting, in words that go behind its name; `undefined` when nothing is. */
export function whyNotValue(setting: Setting, value: unknown): string | undefined {
  switch (setting.type) {
    case 'integer': {
      const fits = Number.isInteger(value) && within(setting, Number(value))
      return fits ? undefined : `must be a whole number from ${setting.least} to ${setting.most}`
    }
    case 'choice':
      return typeof value === 'string' && setting.choices.includes(value)
        ? undefined
        : `must be one of ${setting.choices.join(', ')}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false'
    case 'fallbacks':
      return whyNotLists(value)
  }
}

function whyNotLists(value: unknown): string | undefined {
  const shape = 'must be an object of model ids, each with a list of model ids'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return shape
  const lists = Object.entries(value)
  if (lists.length > MOST_MODELS) return `must have at most ${MOST_MODELS} models`
  for (const [model, others] of lists) {
    if (!isTexts(others)) return shape
    const why =
      whyNotFallbacks([model]) ??
      whyNotFallbacks(others) ??
      (others.includes(model) ? 'must not name the model itself' : undefined)
    if (why !== undefined) return `of ${JSON.stringify(model.slice(0, 100))} ${why}`
  }
  return undefined
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')

const within = (setting: WholeSetting, value: number) =>
  value >= setting.least && value <= setting.most
