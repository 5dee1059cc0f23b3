import Type, { type TSchema, type TSchemaOptions } from 'typebox'
import { LONGEST_MODEL_BYTES } from '../../channels/fallback-models.ts'
import { Refused } from '../../errors.ts'
import {
  settings as catalogue,
  isSettingName,
  type Setting,
  type SettingName,
  whyNotValue,
} from '../../settings/catalogue.ts'
import { auditStatement } from '../audit/record.ts'
import { byName } from '../by-name.ts'
import { type Operation, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

const fallbacks = (options: TSchemaOptions = {}) =>
  byName(Type.Array(Type.String({ maxLength: LONGEST_MODEL_BYTES })), options)
const value = Type.Union([Type.Integer(), Type.String(), Type.Boolean(), fallbacks()])

const settingSchema = Type.Object({
  name: Type.String(),
  value,
  default: value,
  is_set: Type.Boolean({ description: 'Whether somebody set it.' }),
  type: Type.Union(
    (['integer', 'choice', 'boolean', 'fallbacks'] as const).map((type) => Type.Literal(type)),
  ),
  choices: Type.Optional(Type.Array(Type.String())),
  minimum: Type.Optional(Type.Integer()),
  maximum: Type.Optional(Type.Integer()),
  description: Type.String(),
})

const names = Object.keys(catalogue).filter(isSettingName)

/** The schema of one setting's value, from the catalogue. */
function valueSchema(setting: Setting): TSchema {
  const description = setting.says
  switch (setting.type) {
    case 'integer':
      return Type.Integer({ minimum: setting.least, maximum: setting.most, description })
    case 'choice':
      return Type.Union(
        setting.choices.map((choice) => Type.Literal(choice)),
        { description },
      )
    case 'boolean':
      return Type.Boolean({ description })
    case 'fallbacks':
      return fallbacks({ description })
  }
}

const changes = Type.Object(
  Object.fromEntries(names.map((name) => [name, Type.Optional(valueSchema(catalogue[name]))])),
  { additionalProperties: false },
)

const data = Type.Array(settingSchema)

/** `GET /api/setting/` */
const listSettings = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/setting',
    scope: 'admin',
    summary: 'Every setting with its value, default and explanation',
    tag: 'Settings',
    data,
    run: async () => ({ data: names.map((name) => toRecord(rooms, name)) }),
  })

/** `PUT /api/setting/` */
const changeSettings = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/setting',
    scope: 'admin',
    summary: 'Change settings: an object of names and values',
    description: 'All or none. Omitted settings keep their value.',
    tag: 'Settings',
    body: changes,
    data,
    async run(asked) {
      const wanted = Object.entries(asked.body).filter(([name]) => isSettingName(name))
      for (const [name, sent] of wanted) {
        const why = isSettingName(name) ? whyNotValue(catalogue[name], sent) : undefined
        if (why !== undefined) throw new Refused('invalid_field', `${name} ${why}`)
      }
      // Nothing to change is nothing to note.
      if (wanted.length === 0) return { data: names.map((name) => toRecord(rooms, name)) }
      const before = wanted.map(([name]) => [
        name,
        isSettingName(name) ? rooms.settings.get(name) : null,
      ])
      const after = Object.fromEntries(wanted)
      const audited = auditStatement(rooms, asked, {
        action: 'setting.update',
        subject: wanted.map(([name]) => name).join(', '),
        before: Object.fromEntries(before),
        after,
      })
      await rooms.settings.set(after, [audited])
      return { data: names.map((name) => toRecord(rooms, name)) }
    },
  })

function toRecord({ settings }: Pick<Rooms, 'settings'>, name: SettingName) {
  const setting: Setting = catalogue[name]
  return {
    name,
    value: settings.get(name),
    default: setting.standard,
    is_set: settings.isSet(name),
    type: setting.type,
    ...(setting.type === 'choice' ? { choices: setting.choices } : {}),
    ...(setting.type === 'integer' ? { minimum: setting.least, maximum: setting.most } : {}),
    description: setting.says,
  }
}

/** What administrators can set while the gateway runs. */
export const settingOperations = (rooms: Rooms): readonly Operation[] => [
  listSettings(rooms),
  changeSettings(rooms),
]
