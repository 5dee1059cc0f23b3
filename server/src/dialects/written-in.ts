/** Members whose text is no output. */
const NOT_PRODUCED = new Set([
  ...['role', 'id', 'type', 'finish_reason', 'stop_reason', 'stop_sequence', 'finishReason'],
  ...['data', 'model', 'object', 'status', 'call_id', 'item_id', 'namespace'],
  ...['signature', 'thoughtSignature', 'encrypted_content', 'mimeType', 'logprobs', 'annotations'],
])

/** Every string in a message or delta that a model wrote: content, reasoning, refusals, names and arguments of calls. */
export function writtenIn(value: unknown, texts: string[]): void {
  if (typeof value === 'string') {
    texts.push(value)
  } else if (Array.isArray(value)) {
    for (const one of value) writtenIn(one, texts)
  } else if (typeof value === 'object' && value !== null) {
    // It runs for each event of a stream: a list of its members would cost more than the look at them.
    for (const name in value)
      if (!NOT_PRODUCED.has(name))
        writtenIn((value as Readonly<Record<string, unknown>>)[name], texts)
  }
}
