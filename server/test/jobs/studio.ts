import { afterAll } from 'vitest'
import { startUpstream, type UpstreamCall } from '../tools/upstream.ts'
import { sendJson } from '../tools/upstream-scripts.ts'

/** A video as the provider tells of it. */
export type Video = Record<string, unknown> & { readonly id: string }

/** A provider that makes videos as its test says. */
export interface Studio {
  readonly url: string
  readonly videos: Map<string, Video>
  /** What it was asked, in order. */
  readonly calls: readonly UpstreamCall[]
  /** Says how a video ended. */
  end(id: string, status: 'completed' | 'failed'): void
  /** So long as it is away it answers nothing good. */
  isAway: boolean
  /** New videos are answered when it resolves. */
  held: Promise<void> | undefined
}

const unknown = { error: { message: 'no such video', type: 'invalid_request_error' } }

/** Starts it for the models; gone after the tests of the file. */
export async function startStudio(models: readonly string[]): Promise<Studio> {
  const upstream = await startUpstream()
  afterAll(() => upstream.close())
  const videos = new Map<string, Video>()
  let made = 0
  const studio: Studio = {
    ...{ url: `${upstream.url}/v1`, videos, calls: upstream.calls, isAway: false, held: undefined },
    end(id, status) {
      const error = status === 'failed' ? { code: 'moderation', message: 'No.' } : null
      videos.set(id, { ...(videos.get(id) as Video), status, error, progress: 100 })
    },
  }

  async function make(call: UpstreamCall, response: Parameters<typeof sendJson>[0]) {
    await studio.held
    if (studio.isAway) return sendJson(response, 500, { error: { message: 'away' } })
    const id = `video_${++made}_${upstream.url.split(':').at(-1)}`
    const { model, seconds = '4', size = '720x1280' } = call.json ?? {}
    const said = { model: model ?? null, seconds, size, status: 'queued', progress: 0, error: null }
    const video = { id, object: 'video', created_at: 1_700_000_000 + made, ...said }
    videos.set(id, video)
    return sendJson(response, 200, video)
  }

  upstream.on('undefined', (call, response) => {
    const [path = ''] = call.path.split('?')
    const [, , , id = '', part = ''] = path.split('/')
    if (call.method === 'POST') return make(call, response)
    if (studio.isAway) return sendJson(response, 500, { error: { message: 'away' } })
    const video = videos.get(id)
    if (video === undefined) return sendJson(response, 404, unknown)
    if (call.method === 'DELETE') {
      videos.delete(id)
      return sendJson(response, 200, { id, object: 'video.deleted', deleted: true })
    }
    if (part === 'content') {
      response.writeHead(200, { 'content-type': 'video/mp4' })
      return void response.end(Buffer.alloc(300_000, call.path.includes('thumbnail') ? 1 : 2))
    }
    sendJson(response, 200, video)
  })
  for (const model of models) upstream.on(model, make)
  return studio
}
