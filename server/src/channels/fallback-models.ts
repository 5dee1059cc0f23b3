/** Most models that are named to be tried when nobody can serve the asked one. */
export const MOST_FALLBACKS = 8
export const LONGEST_MODEL_BYTES = 256
const MOST_SHOWN = 40

/** Why models can't be fallbacks, in words that go behind the name of their list; `undefined`: they can. */
export function whyNotFallbacks(models: readonly string[]): string | undefined {
  if (models.length > MOST_FALLBACKS) {
    return `must name at most ${MOST_FALLBACKS} models, got ${models.length}`
  }
  for (const [at, model] of models.entries()) {
    const why = whyNotModel(model)
    if (why !== undefined) return why
    if (models.indexOf(model) !== at) return `names ${shown(model)} twice`
  }
  return undefined
}

function whyNotModel(model: string): string | undefined {
  if (model.trim() !== model || model === '') {
    return `must name models without blanks around them, not ${shown(model)}`
  }
  if (Buffer.byteLength(model) > LONGEST_MODEL_BYTES) {
    return `must name models of at most ${LONGEST_MODEL_BYTES} bytes, not ${shown(model)}`
  }
  return undefined
}

const shown = (model: string): string =>
  JSON.stringify(model.length > MOST_SHOWN ? `${model.slice(0, MOST_SHOWN)}…` : model)
