/** Common emoji: [character, name]. */
export const EMOJI = [
  ["👍", "thumbs up"], ["👎", "thumbs down"], ["❤️", "heart"], ["😂", "tears of joy"], ["🙂", "smile"],
  ["😀", "grin"], ["😉", "wink"], ["😍", "heart eyes"], ["🤔", "thinking"], ["😅", "sweat smile"],
  ["😢", "crying"], ["😮", "surprised"], ["😬", "grimace"], ["🙄", "rolling eyes"], ["😴", "sleeping"],
  ["😎", "sunglasses"], ["🤯", "mind blown"], ["🥳", "party face"], ["😭", "sobbing"], ["😡", "angry"],
  ["🙏", "thank you"], ["👏", "clapping"], ["🙌", "raised hands"], ["💪", "strong"], ["👋", "wave"],
  ["🤝", "handshake"], ["👌", "okay"], ["✌️", "victory"], ["👀", "eyes"], ["🤷", "shrug"],
  ["🎉", "party popper"], ["🎂", "cake"], ["☕", "coffee"], ["🍕", "pizza"], ["🍻", "cheers"],
  ["🔥", "fire"], ["✨", "sparkles"], ["⭐", "star"], ["💯", "hundred"], ["🚀", "rocket"],
  ["✅", "done"], ["❌", "cross"], ["⚠️", "warning"], ["❓", "question"], ["💡", "idea"],
  ["🐛", "bug"], ["🔧", "wrench"], ["🔨", "hammer"], ["📌", "pin"], ["📎", "paperclip"],
  ["📅", "calendar"], ["⏰", "alarm clock"], ["📷", "camera"], ["🌱", "seedling"], ["☀️", "sun"],
  ["🌧️", "rain"],
]
