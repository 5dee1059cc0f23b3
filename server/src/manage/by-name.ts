import Type, { type TSchema, type TSchemaOptions } from 'typebox'

/** TypeBox's own pattern, `^.*$`, skips names with a line break: whatever stood under them was not checked at all. */
const anyName = Type.String({ pattern: '^[\\s\\S]*$' })

/** An object with names of the caller's own. */
export const byName = <Value extends TSchema>(value: Value, options: TSchemaOptions) =>
  Type.Record(anyName, value, options)
