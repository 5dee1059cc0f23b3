import { useTranslation } from 'react-i18next'
import { CodeBlock } from '../../ui/code-block.tsx'
import classes from './playground-screen.module.css'

/** What a model wrote: its code apart, to be copied. React writes all of it as text, so that no tag in it is one. */
export function MessageText({ text }: { readonly text: string }) {
  const { t } = useTranslation()
  return partsOf(text).map(({ at, code, language, prose }) =>
    code === undefined ? (
      <p key={at} className={classes.prose}>
        {inline(prose ?? '')}
      </p>
    ) : (
      <CodeBlock key={at} label={language || t('playground.code')} code={code} />
    ),
  )
}

interface Part {
  /** Where it begins. */
  readonly at: number
  readonly prose?: string
  readonly code?: string
  readonly language?: string
}

/** A fence that is still open holds all that has come so far. */
const FENCED = /^```([^\n`]*)\n([\s\S]*?)(?:\n?^```[ \t]*$|$(?![\s\S]))/gm

function partsOf(text: string): readonly Part[] {
  const parts: Part[] = []
  let from = 0
  for (const found of text.matchAll(FENCED)) {
    parts.push({ at: from, prose: text.slice(from, found.index).trim() })
    parts.push({ at: found.index, language: found[1]?.trim() ?? '', code: found[2] ?? '' })
    from = found.index + found[0].length
  }
  parts.push({ at: from, prose: text.slice(from).trim() })
  return parts.filter(({ prose }) => prose !== '')
}

const MARKED = /(`[^`\n]+`|\*\*[^*\n]+\*\*)/

function inline(prose: string) {
  return prose.split(MARKED).map((piece, at) => {
    const key = `${at} ${piece.length}`
    if (at % 2 === 0) return piece
    if (piece.startsWith('`')) return <code key={key}>{piece.slice(1, -1)}</code>
    return <strong key={key}>{piece.slice(2, -2)}</strong>
  })
}
