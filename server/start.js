// Plain JavaScript that every Node reads, because an old one would only say that it does not know the extension .ts.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Turnpike needs Node 24 or later, and this is Node ${process.versions.node}. Run \`npm install\` first: it brings its own, which \`npm start\` and \`npx turnpike\` then use.\n`,
  )
  process.exit(1)
}
await import('./src/main.ts')
