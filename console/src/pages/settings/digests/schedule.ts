import dayjs from 'dayjs'
import timezone from 'dayjs/plugin/timezone'
import utc from 'dayjs/plugin/utc'

dayjs.extend(utc)
dayjs.extend(timezone)

/** Schedule is when an integration wants digests, as its settings say. */
export interface Schedule {
  daily: boolean
  dailyAt: string
  weekly: boolean
  weeklyOn: string
  weeklyAt: string
  timezone: string
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

const text = (value: unknown, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value : otherwise

/** scheduleOf reads the schedule of an integration's settings; undefined where they have none. */
export function scheduleOf(settings: unknown): Schedule | undefined {
  const digest = (settings as { digest?: unknown } | undefined)?.digest
  if (typeof digest !== 'object' || digest === null) return undefined
  const set = digest as Record<string, unknown>
  return {
    daily: set.daily === true,
    dailyAt: text(set.daily_at, '07:00'),
    weekly: set.weekly === true,
    weeklyOn: text(set.weekly_on, 'monday'),
    weeklyAt: text(set.weekly_at, '07:00'),
    timezone: text(set.timezone, 'UTC'),
  }
}

/** inWords says when digests come: "every day at 07:00, every Monday at 08:00". */
export function inWords(schedule: Schedule | undefined): string {
  const words = [
    ...(schedule?.daily ? [`every day at ${schedule.dailyAt}`] : []),
    ...(schedule?.weekly
      ? [
          `every ${schedule.weeklyOn.charAt(0).toUpperCase()}${schedule.weeklyOn.slice(1)} at ${schedule.weeklyAt}`,
        ]
      : []),
  ]
  return words.join(', ')
}

/** nextDue is when the next digest comes, by the clocks of the schedule's zone; undefined where none is wanted. now is in milliseconds. */
export function nextDue(schedule: Schedule | undefined, now: number): string | undefined {
  if (!schedule) return undefined
  const due: number[] = []
  try {
    const today = dayjs(now).tz(schedule.timezone)
    // A week and a day: today's may be over.
    for (let days = 0; days <= 7; days++) {
      const day = today.add(days, 'day')
      const at = (time: string) =>
        dayjs.tz(`${day.format('YYYY-MM-DD')} ${time}`, schedule.timezone).valueOf()
      if (schedule.daily) due.push(at(schedule.dailyAt))
      if (schedule.weekly && day.day() === weekdays.indexOf(schedule.weeklyOn))
        due.push(at(schedule.weeklyAt))
    }
  } catch {
    return undefined // a zone that this browser does not know
  }
  const next = due.filter((at) => at > now).sort((a, b) => a - b)[0]
  return next === undefined ? undefined : new Date(next).toISOString()
}
