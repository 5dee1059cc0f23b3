/** Most ids one key's `model_limits` may have. */
export const MOST_MODELS = 1000

/** The ids in a `model_limits` text, blanks around them trimmed, in order and each once. */
export function listModels(text: string): readonly string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  return [...new Set(ids)]
}
