/** Device is what a browser calls itself, in few words. */
export interface Device {
  name: string
  mobile: boolean
}

// The first that fits counts: Edge and Opera call themselves Chrome, too, and Chrome calls itself Safari.
const browsers: [pattern: RegExp, name: string][] = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\/|Chromium\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]

const systems: [pattern: RegExp, name: string][] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]

/** deviceOf names a browser and its system by the user agent, which is not to be trusted; an unknown one is cut. */
export function deviceOf(agent: string): Device {
  const browser = browsers.find(([pattern]) => pattern.test(agent))?.[1]
  const system = systems.find(([pattern]) => pattern.test(agent))?.[1]
  const mobile = /Mobi|Android|iPhone|iPad/.test(agent)
  if (browser && system) return { name: `${browser} on ${system}`, mobile }
  return { name: browser ?? (agent.slice(0, 60) || 'An unknown browser'), mobile }
}
