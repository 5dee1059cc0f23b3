import type { Logger } from 'pino'
import type { MailConfig, SignInConfig } from './config.ts'

/** A message for one person. */
interface Message {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Sends e-mail. What fails is logged, without the message: it may hold a link. */
export type SendMail = (message: Message) => Promise<void>

/** How the gateway writes to people, and where links in it lead: the operator says so, not whoever asks. */
export interface Mail {
  readonly send: SendMail
  readonly consoleUrl: string
}

export const mailOf = ({ mail, consoleUrl }: SignInConfig, log: Logger): Mail | undefined =>
  mail === undefined || consoleUrl === undefined
    ? undefined
    : { send: createSendMail(mail, log), consoleUrl }

const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

/** The library for it is loaded with the first message. */
function createSendMail({ url, from }: MailConfig, log: Logger): SendMail {
  return async (message) => {
    try {
      const { createTransport } = await import('nodemailer')
      const options = { ...TIMEOUTS, url, disableFileAccess: true, disableUrlAccess: true }
      await createTransport(options).sendMail({ from, ...message })
    } catch (error) {
      const { code } = Object(error) as { code?: unknown }
      log.error({ room: 'sign-in', reason: String(code ?? 'unknown') }, 'a message was not sent')
    }
  }
}
