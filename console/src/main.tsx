import '@mantine/core/styles.layer.css'
import '@mantine/notifications/styles.layer.css'
import './theme.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiFailure } from './api/failure.ts'
import { App, beginLoading } from './app.tsx'
import { startI18n } from './i18n/i18n.ts'
import { tellStyleNonce } from './style-nonce.ts'

tellStyleNonce()
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
beginLoading()
await startI18n()
createRoot(root, {
  // What the API refused is shown on the screen; everything else is a mistake of ours.
  onCaughtError(error) {
    if (!(error instanceof ApiFailure)) reportError(error)
  },
}).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
