import type { KeyRecord } from '../keys/keys.ts'
import type { Model } from '../models/models.ts'

const AUTO = 'auto'

/** Models that can be talked with, by a key where one was chosen. The gateway judges again. */
export const chatModels = (models: readonly Model[], key: KeyRecord | undefined) =>
  models.filter((model) => isForChats(model) && (key === undefined || mayCall(key, model)))

/** What is paid by the second or picture alone answers no chat. */
const isForChats = ({ price }: Model): boolean =>
  price === null ||
  price.output !== undefined ||
  (price.per_second === undefined && price.per_hour === undefined && price.per_image === undefined)

function mayCall({ model_limits_enabled, model_limits, group }: KeyRecord, model: Model): boolean {
  const isListed = !model_limits_enabled || model_limits.split(',').includes(model.id)
  const isServed = group === '' || group === AUTO || model.groups.some(({ name }) => name === group)
  return isListed && isServed
}
