import type { KeyRecord } from '../keys/keys.ts'
import type { Model } from '../models/models.ts'

const AUTO = 'auto'

/** Models that can be talked with, by a key where one was chosen. `own`: the account's group. The gateway judges again. */
export const chatModels = (models: readonly Model[], key: KeyRecord | undefined, own: string) =>
  models.filter((model) => isForChats(model) && (key === undefined || mayCall(key, model, own)))

/** What is paid by the second or picture alone answers no chat. */
const isForChats = ({ price }: Model): boolean =>
  price === null ||
  price.output !== undefined ||
  (price.per_second === undefined && price.per_hour === undefined && price.per_image === undefined)

function mayCall(key: KeyRecord, model: Model, own: string): boolean {
  const { model_limits_enabled, model_limits } = key
  const group = key.group || own
  const isListed = !model_limits_enabled || model_limits.split(',').includes(model.id)
  return isListed && (group === AUTO || model.groups.some(({ name }) => name === group))
}
