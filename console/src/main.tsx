// In a layer, so that the console's own styles hold in whatever order the files are loaded.
import '@mantine/core/styles.layer.css'
import '@mantine/notifications/styles.layer.css'
import '@mantine/dates/styles.layer.css'
import '@mantine/spotlight/styles.layer.css'
import './app/global.css'
import './app/library.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import { installStyleNonce } from './security/nonce'
import { installTrustedTypes } from './security/trusted'

installTrustedTypes()
installStyleNonce()

const root = document.getElementById('root')
if (!root) throw new Error('the page has no place for the console')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
