import type { Directory } from '../channels/directory.ts'
import type { ListedModel } from '../dialects/dialect.ts'
import { Refused } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { PriceBook } from '../prices/price-book.ts'
import { authoriseList } from './authorise.ts'
import { quoted } from './quoted.ts'
import type { Asked } from './values.ts'

export interface ModelsParts {
  readonly directory: Pick<Directory, 'models' | 'candidates'>
  readonly prices: Pick<PriceBook, 'priceOf'>
  /** When the gateway started, Unix seconds: what lists show as the time a model was made. */
  readonly startedAt: number
}

/** `GET /v1/models` and `/v1/models/{id}`: exactly the models that this key may call now. */
export function createModels({ directory, prices, startedAt }: ModelsParts) {
  const serving = (key: ApiKey, id: string) =>
    key.groups.flatMap(({ name }) => directory.candidates(name, id))
  const callable = (key: ApiKey, id: string): boolean =>
    key.mayUseModel(id) &&
    (prices.priceOf(id) !== undefined || serving(key, id).some(({ free }) => free))
  const listed = (id: string): ListedModel => ({ id, createdAt: startedAt, ownedBy: 'turnpike' })

  return function models(key: ApiKey, asked: Asked): void {
    authoriseList(key)
    if (asked.endpoint === 'models') {
      const ids = modelsOf(directory, key).filter((id) => callable(key, id))
      send(asked, asked.dialect.shapeModels(ids.map(listed)))
      return
    }
    const served = serving(key, asked.path.model).length > 0
    if (!served || !callable(key, asked.path.model)) {
      throw new Refused(
        'model_not_found',
        `this API key can call no model ${quoted(asked.path.model)}`,
      )
    }
    send(asked, asked.dialect.shapeModel(listed(asked.path.model)))
  }
}

/** All that the groups of the key serve: whichever it is, its call goes to the first of them that has it. */
function modelsOf(directory: ModelsParts['directory'], { groups }: ApiKey): readonly string[] {
  const [first, ...others] = groups.map(({ name }) => directory.models(name))
  if (first === undefined || others.length === 0) return first ?? []
  return [...new Set([first, ...others].flat())].sort()
}

/** A small answer of our own. */
export function send({ client }: Asked, json: string) {
  const body = Buffer.from(json)
  const own = ['Content-Type', 'application/json', 'Content-Length', String(body.length)]
  client.response.writeHead(OK, [...own, ...client.headers])
  client.response.end(body)
}

const OK = 200
