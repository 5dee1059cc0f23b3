/** The nonce of this page, which Mantine's style elements must carry: see server/src/manage/console-pages.ts. */
export const styleNonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''

declare global {
  var __webpack_nonce__: string | undefined
}

/** What Mantine locks the page's scrolling with, while a dialog is open, looks for the nonce under this name. */
export function tellStyleNonce(): void {
  globalThis.__webpack_nonce__ = styleNonce()
}
