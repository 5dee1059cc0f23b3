import type { Asked, ModelCall } from './values.ts'

/** Contract 3.1, check 7: asks for the body, and judges what we have to know of it. */
export async function read(asked: Asked): Promise<ModelCall> {
  const payload = await asked.body()
  return { ...asked, payload, parsed: asked.dialect.parseCall(payload, asked.path) }
}
