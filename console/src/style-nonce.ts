/** The nonce of this page, which Mantine's style elements must carry: see server/src/manage/console-pages.ts. */
export const styleNonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
