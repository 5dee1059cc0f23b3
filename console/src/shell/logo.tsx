import classes from './logo.module.css'

/** A lifted barrier and the name. */
export function Logo() {
  return (
    <span className={classes.logo}>
      <svg viewBox="0 0 32 32" className={classes.mark} aria-hidden="true">
        <rect width="32" height="32" rx="8" className={classes.plate} />
        <path d="M9 9v15" stroke="#fff" strokeWidth="3.5" strokeLinecap="round" />
        <path d="M9 14.5l15-5.5" stroke="#f5b83d" strokeWidth="4" strokeLinecap="round" />
      </svg>
      Turnpike
    </span>
  )
}
