/** A decimal number held exactly: `digits / 10^scale`. Never negative. */
export interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

const FORM = /^(\d{1,20})(?:\.(\d{1,30}))?(?:e([+-]?\d{1,2}))?$/i

/**
 * Reads a price or ratio as written, without passing through binary fractions. Numbers are taken by their shortest
 * text, so 0.1 is exactly a tenth. `undefined` for anything else, negatives included.
 */
export function parseDecimal(written: string | number): Decimal | undefined {
  const parts = FORM.exec(String(written).trim())
  if (!parts) return undefined
  const fraction = parts[2] ?? ''
  const shift = fraction.length - Number(parts[3] ?? 0)
  const digits = BigInt((parts[1] ?? '') + fraction)
  return shift >= 0
    ? { digits, scale: shift }
    : { digits: digits * 10n ** BigInt(-shift), scale: 0 }
}

/** The product, exact. */
export const times = (a: Decimal, b: Decimal): Decimal => ({
  digits: a.digits * b.digits,
  scale: a.scale + b.scale,
})

/** The digits at a larger scale. */
export const atScale = (a: Decimal, scale: number): bigint =>
  a.digits * 10n ** BigInt(scale - a.scale)

/** As people write it, without trailing zeros. */
export function writeDecimal(a: Decimal): string {
  const padded = a.digits.toString().padStart(a.scale + 1, '0')
  const whole = padded.slice(0, padded.length - a.scale)
  const fraction = padded.slice(padded.length - a.scale).replace(/0+$/, '')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** The greatest common divisor. */
export function commonDivisor(a: bigint, b: bigint): bigint {
  while (b > 0n) [a, b] = [b, a % b]
  return a
}
