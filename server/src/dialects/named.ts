import type { Loose, Named } from './dialect.ts'
import { isObject } from './judged.ts'

/**
 * Finds what bodies name that a provider keeps, where the dialects have it: nowhere else, since arguments of tools may well
 * have a member `file_id` of their own. Contents that are texts, as most are, name nothing.
 */

type Found = Named[] | undefined

/** Files in the messages of a chat. */
export function namedInChat(messages: unknown): Found {
  if (!Array.isArray(messages)) return undefined
  let found: Found
  for (const message of messages) {
    const content = message?.content
    if (!Array.isArray(content)) continue
    for (const part of content) if (isObject(part?.file)) found = file(found, part.file.file_id)
  }
  return found
}

/** Of Anthropic's: files in blocks, and in blocks of results; and where code is to run. */
export function namedInMessages({ messages, container }: Loose): Found {
  const id = isObject(container) ? container.id : container
  let found = named(undefined, { kind: 'container', id })
  if (!Array.isArray(messages)) return found
  for (const message of messages) found = inBlocks(found, message?.content, 2)
  return found
}

function inBlocks(before: Found, blocks: unknown, depth: number): Found {
  if (!Array.isArray(blocks) || depth === 0) return before
  let found = before
  for (const block of blocks) {
    if (!isObject(block)) continue
    if (isObject(block.source)) {
      found = file(found, block.source.file_id, block.type === 'image')
      // A document of blocks.
      found = inBlocks(found, block.source.content, depth - 1)
    } else if (block.type === 'container_upload') found = file(found, block.file_id)
    else if (block.content !== undefined) found = inBlocks(found, block.content, depth - 1)
  }
  return found
}

/** Whatever a call of Responses names. */
export function namedInResponses(body: Loose): Found {
  const { previous_response_id, conversation, prompt, tools } = body
  let found = named(undefined, { kind: 'response', id: previous_response_id })
  const id = isObject(conversation) ? conversation.id : conversation
  found = named(found, { kind: 'conversation', id })
  found = inItems(found, body.input)
  if (Array.isArray(tools)) for (const tool of tools) found = inTool(found, tool)
  if (!isObject(prompt) || !isObject(prompt.variables)) return found
  return inParts(found, Object.values(prompt.variables))
}

/** Files in items of Responses. */
export const namedInItems = (items: unknown): Found => inItems(undefined, items)

function inItems(before: Found, items: unknown): Found {
  if (!Array.isArray(items)) return before
  let found = before
  for (const item of items) {
    if (!isObject(item)) continue
    found = inParts(found, item.content)
    const { output } = item
    found = inParts(found, isObject(output) ? [output] : output)
  }
  return found
}

function inParts(before: Found, parts: unknown): Found {
  if (!Array.isArray(parts)) return before
  let found = before
  for (const part of parts) {
    if (!isObject(part)) continue
    found = file(found, part.file_id, IMAGES.has(part.type))
  }
  return found
}

const IMAGES = new Set<unknown>(['input_image', 'computer_screenshot'])

/** Where code runs, with which files; and what of a picture is to be painted. */
function inTool(before: Found, tool: unknown): Found {
  if (!isObject(tool)) return before
  const { container, environment, input_image_mask } = tool
  let found = named(before, { kind: 'container', id: container })
  if (isObject(environment))
    found = named(found, { kind: 'container', id: environment.container_id })
  if (isObject(input_image_mask)) found = file(found, input_image_mask.file_id, true)
  for (const place of [container, environment]) {
    if (!isObject(place) || !Array.isArray(place.file_ids)) continue
    for (const id of place.file_ids) found = file(found, id)
  }
  return found
}

const file = (before: Found, id: unknown, isImage = false): Found =>
  named(before, { kind: 'file', id, isImage })

interface Candidate {
  readonly kind: Named['kind']
  readonly id: unknown
  readonly isImage?: boolean
}

function named(before: Found, { kind, id, isImage = false }: Candidate): Found {
  // What is no text is no id: its provider says so.
  if (typeof id !== 'string' || id === '') return before
  const found = before ?? []
  found.push({ kind, id, isImage })
  return found
}
