import type { SqlValue } from '../storage/store.ts'

/** How a column keeps a value of the sign-in library. */
type Kind = 'text' | 'whole' | 'flag' | 'milliseconds' | 'seconds' | 'account'

interface Column {
  /** What the library reads where there is nothing; otherwise null. */
  readonly absent?: string
  readonly name: string
  readonly kind: Kind
  /** What the library sets here is not kept. */
  readonly fixed?: boolean
}

/** Where one of the library's models stands in our tables. */
export interface Model {
  /** What is read; it is also written, unless `isView`. */
  readonly table: string
  readonly isView?: boolean
  /** Tombstones stay in the table. */
  readonly hasTombstones?: boolean
  readonly columns: Readonly<Record<string, Column>>
}

const text = (name: string): Column => ({ name, kind: 'text' })
const whole = (name: string): Column => ({ name, kind: 'whole' })
const flag = (name: string): Column => ({ name, kind: 'flag' })
const milliseconds = (name: string): Column => ({ name, kind: 'milliseconds' })
const account = { name: 'account_id', kind: 'account' } as const
const written = {
  createdAt: milliseconds('created_at_ms'),
  updatedAt: milliseconds('updated_at_ms'),
}
const made: Column = { name: 'created_at', kind: 'seconds', fixed: true }
const username: Column = { name: 'username', kind: 'text', fixed: true }

/** The library's models, by its names; its fields likewise. What it calls a user is an account here. */
const MODELS: Readonly<Record<string, Model>> = {
  user: {
    table: 'account',
    hasTombstones: true,
    columns: {
      id: { name: 'id', kind: 'account' },
      name: username,
      username,
      // The library takes it for granted, and so do its types.
      email: { name: 'email', kind: 'text', absent: '' },
      emailVerified: flag('email_verified'),
      twoFactorEnabled: flag('two_factor'),
      createdAt: made,
      updatedAt: made,
    },
  },
  // What the library calls an account is what vouches for one: a password, or another provider.
  account: {
    table: 'identity_all',
    isView: true,
    columns: {
      id: text('id'),
      userId: account,
      providerId: text('provider'),
      accountId: text('subject'),
      password: text('password'),
      ...written,
    },
  },
  session: {
    table: 'session',
    columns: {
      id: text('id'),
      userId: account,
      token: text('token'),
      ipAddress: text('ip'),
      userAgent: text('device'),
      expiresAt: milliseconds('expires_at_ms'),
      lastUsedAt: milliseconds('used_at_ms'),
      ...written,
    },
  },
  verification: {
    table: 'verification',
    columns: {
      id: text('id'),
      identifier: text('identifier'),
      value: text('value'),
      expiresAt: milliseconds('expires_at_ms'),
      ...written,
    },
  },
  twoFactor: {
    table: 'two_factor',
    columns: {
      id: text('id'),
      userId: account,
      secret: text('secret'),
      backupCodes: text('backup_codes'),
      verified: flag('verified'),
      failedVerificationCount: whole('failures'),
      lockedUntil: milliseconds('locked_until_ms'),
    },
  },
  passkey: {
    table: 'passkey',
    columns: {
      id: text('id'),
      userId: account,
      name: text('name'),
      publicKey: text('public_key'),
      credentialID: text('credential_id'),
      counter: whole('counter'),
      deviceType: text('device_type'),
      backedUp: flag('backed_up'),
      transports: text('transports'),
      aaguid: text('aaguid'),
      createdAt: milliseconds('created_at_ms'),
    },
  },
}

/** The model of a name. @throws when the library has one that we keep no table for. */
export function modelOf(name: string): Model {
  const model = MODELS[name]
  if (model === undefined) throw new Error(`nothing is kept of ${name}`)
  return model
}

/** The column of a field. @throws when the library asks for one that is not kept. */
export function columnOf(model: Model, field: string): Column {
  const column = model.columns[field]
  if (column === undefined) throw new Error(`${model.table} keeps no ${field}`)
  return column
}

/** A value of the library, as its column holds it. */
export function toStored({ kind }: Column, value: unknown): SqlValue {
  if (value === null || value === undefined) return null
  switch (kind) {
    case 'text':
      return String(value)
    case 'whole':
    case 'account':
      return Number(value)
    case 'flag':
      return value === true ? 1 : 0
    case 'milliseconds':
      return value instanceof Date ? value.getTime() : Number(value)
    case 'seconds':
      return value instanceof Date ? Math.floor(value.getTime() / 1000) : Number(value)
  }
}

/** A row, as the library knows it. */
export function toRecord(
  model: Model,
  row: Readonly<Record<string, SqlValue>>,
): Record<string, unknown> {
  const entries = Object.entries(model.columns)
  return Object.fromEntries(entries.map(([field, column]) => [field, toValue(column, row)]))
}

function toValue({ kind, name, absent }: Column, row: Readonly<Record<string, SqlValue>>): unknown {
  const value = row[name]
  if (value === null || value === undefined) return absent ?? null
  switch (kind) {
    case 'text':
    case 'account':
      return String(value)
    case 'whole':
      return Number(value)
    case 'flag':
      return Number(value) === 1
    case 'milliseconds':
      return new Date(Number(value))
    case 'seconds':
      return new Date(Number(value) * 1000)
  }
}
