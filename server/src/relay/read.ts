import type { Asked, Body, ModelCall } from './values.ts'

/** Contract 3.1, check 7: judges what we have to know of the body. */
export function read(asked: Asked, body: Body): ModelCall {
  const { dialect, path, headers } = asked
  if (Buffer.isBuffer(body)) {
    return { ...asked, payload: body, parsed: dialect.parseCall(body, path, headers) }
  }
  const { payload, gaps } = body
  const parsed = dialect.parseCall(payload, path, headers, gaps)
  // What is judged must be what goes out, and other readers know nothing of gaps.
  if (parsed.isForm !== true) throw new Error(`${dialect.operation} was given a form`)
  return { ...asked, payload, upload: body, parsed }
}
