import classes from './barrier.module.css'

const STRIPES = [0, 1, 2, 3, 4]

/** A toll gate that is open. It says nothing that the words below it don't. */
export function Barrier() {
  return (
    <svg viewBox="0 0 420 260" className={classes.barrier} aria-hidden="true">
      <rect x="40" y="120" width="34" height="120" rx="8" fill="#0f7565" />
      <rect x="24" y="236" width="66" height="10" rx="5" fill="#0f7565" />
      <g transform="rotate(-24 57 140)">
        <rect x="44" y="130" width="340" height="20" rx="10" fill="#fff" />
        {STRIPES.map((stripe) => (
          <rect key={stripe} x={96 + stripe * 60} y="130" width="30" height="20" fill="#f5b83d" />
        ))}
      </g>
      <circle cx="57" cy="140" r="13" fill="#032a25" stroke="#fff" strokeWidth="4" />
    </svg>
  )
}
