import { chromium, type Browser } from 'playwright-core'
export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath: '/usr/bin/chromium' })
