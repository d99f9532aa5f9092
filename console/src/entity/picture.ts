import {
  type Icon,
  IconBox,
  IconBrandDocker,
  IconCloud,
  IconDeviceDesktop,
  IconFile,
  IconFingerprint,
  IconKey,
  IconLink,
  IconMail,
  IconNetwork,
  IconTerminal2,
  IconUser,
  IconWorld,
} from '@tabler/icons-react'

const pictures: Record<string, Icon> = {
  ip: IconNetwork,
  ipv4: IconNetwork,
  ipv6: IconNetwork,
  cidr: IconNetwork,
  user: IconUser,
  account: IconUser,
  host: IconDeviceDesktop,
  device: IconDeviceDesktop,
  domain: IconWorld,
  url: IconLink,
  file: IconFile,
  hash: IconFingerprint,
  email: IconMail,
  process: IconTerminal2,
  container: IconBrandDocker,
  cloud_resource: IconCloud,
  key: IconKey,
}

/** entityPicture is a picture for a type of entity. */
export const entityPicture = (type: string): Icon => pictures[type] ?? IconBox
