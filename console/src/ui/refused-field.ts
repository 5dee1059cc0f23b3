import { ApiFailure } from '../api/failure.ts'

/** Codes that are about one field of the API, whatever their message says. */
const FIELD_OF: Readonly<Record<string, string>> = {
  name_too_long: 'name',
  quota_out_of_range: 'remain_quota',
  invalid_address: 'allow_ips',
  group_not_accessible: 'group',
}

/**
 * The field that a refusal is about, so that a form can say it there; undefined when it is about none of `fields`, and
 * belongs above the button. With Mantine: `form.setFieldError(field, failureText(failure))`.
 */
export function refusedField<Field extends string>(
  failure: unknown,
  fields: readonly Field[],
): Field | undefined {
  if (!(failure instanceof ApiFailure)) return undefined
  // Messages of `invalid_field` begin with the field: "budgets[0].amount must be ...".
  const named =
    failure.code === 'invalid_field' ? /^\w+/.exec(failure.message)?.[0] : FIELD_OF[failure.code]
  return fields.find((field) => field === named)
}
