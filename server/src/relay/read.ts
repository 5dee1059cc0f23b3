import type { Asked, ModelCall } from './values.ts'

/** Contract 3.1, check 7: judges what we have to know of the body. */
export function read(asked: Asked, payload: Buffer): ModelCall {
  return { ...asked, payload, parsed: asked.dialect.parseCall(payload, asked.path, asked.headers) }
}
