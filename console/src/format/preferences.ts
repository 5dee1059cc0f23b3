/** What a reader chose for this browser; undefined: as the browser has it. */
export interface Preferences {
  /** Of the IANA database, such as `Europe/Amsterdam`. */
  readonly zone: string | undefined
  /** Two letters of ISO 3166, such as `GB`: how numbers and dates are written there. */
  readonly region: string | undefined
}

const STORED = { zone: 'turnpike.time_zone', region: 'turnpike.region' } as const
type Preference = keyof typeof STORED

const listeners = new Set<() => void>()
let present: Preferences | undefined

/** The same object as long as nothing was chosen anew. */
export function preferences(): Preferences {
  present ??= { zone: read('zone', isZone), region: read('region', isRegion) }
  return present
}

/** Keeps a choice, now and for later visits; '' takes it back. */
export function prefer(what: Preference, value: string): void {
  present = { ...preferences(), [what]: value === '' ? undefined : value }
  try {
    if (value === '') localStorage.removeItem(STORED[what])
    else localStorage.setItem(STORED[what], value)
  } catch {
    // The choice lasts until the page is closed.
  }
  for (const listener of listeners) listener()
}

/** Calls back when a choice was made, also in another tab. */
export function onPreference(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener('storage', changedElsewhere)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) window.removeEventListener('storage', changedElsewhere)
  }
}

function changedElsewhere({ key }: StorageEvent): void {
  if (key !== STORED.zone && key !== STORED.region) return
  present = undefined
  for (const listener of listeners) listener()
}

/** The zone that times are shown in. */
export const timeZone = (): string => preferences().zone ?? browserZone()

export const browserZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

function read(what: Preference, isKnown: (value: string) => boolean): string | undefined {
  try {
    const kept = localStorage.getItem(STORED[what])
    return kept !== null && isKnown(kept) ? kept : undefined
  } catch {
    // Storage is switched off.
    return undefined
  }
}

/** What this browser does not know would fail at every time that is shown. */
function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

const isRegion = (region: string): boolean => /^[A-Z]{2}$/.test(region)
