/** Where the bytes of an image or file are. The gateway fetches none of them. */
export type Source =
  | { readonly kind: 'url'; readonly url: string; readonly mediaType: string | undefined }
  /** Base64, as it was sent. */
  | { readonly kind: 'bytes'; readonly mediaType: string; readonly base64: string }
  /** Plain text, for dialects that take a document as one. */
  | { readonly kind: 'text'; readonly text: string }
  /** Kept by a provider under this id; only its own dialect can say it. */
  | { readonly kind: 'id'; readonly id: string }
