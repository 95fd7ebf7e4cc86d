/** The moods a playlist may have; `neutral` where its words say none. */
export const moods = ['sad', 'dark', 'romantic', 'calm', 'energetic', 'happy', 'neutral'] as const;
export type Mood = (typeof moods)[number];
export type SpokenMood = Exclude<Mood, 'neutral'>;

/**
 * Words, phrases (joined by `_`) and emoji that name a mood in the titles of playlists: English,
 * then Spanish and Portuguese, German, French, Italian, Indonesian. Folded: lower case, no accents.
 */
const wordsOfMood: Record<SpokenMood, string> = {
  calm: `
    calm calming calmness chill chilled chillin chilling chillout chillhop relax relaxed relaxing relaxation
    peaceful peace serene serenity tranquil tranquility soft softer gentle quiet mellow soothing sooth sleep sleepy
    sleeping asleep lullaby lullabies slumber dreaming nap bedtime rest resting meditation meditate
    meditative mindful mindfulness yoga zen spa focus concentration concentrate study studying
    studies reading lounge ambient easy easy_listening unwind laidback laid-back lazy low-key lowkey
    low_key lo-fi lofi lo_fi coffee coffeehouse acoustic stress_free hammock cozy cosy breathe slow kick_back ease down_tempo downtempo
    atmospheric hygge deep_focus background rainy
    tranquilo tranquila tranquilidad calma calmo calmante suave relajante relajacion relajado relajarse
    dormir sueno sono concentracion concentracao estudiar estudar relaxante relaxar descanso serenidade paz
    ruhe ruhig ruhige entspannung entspannt entspannen schlaf schlafen einschlafen sanft leise konzentration traumen gemutlich
    calme calmes detente doux douce sommeil tranquille repos
    rilassante tranquilla sonno dolce
    santai tenang tidur rileks damai kalem relaksasi belajar ngopi
    😌 😴 💤 🧘 🌙 ☕ 🍃 🌿 🌊 🛌 🕯 📚 ☁ 🌧`,
  happy: `
    happy happiness happier feel_good feel-good feelgood good_vibes good_mood mood_booster joy joyful cheerful sunny
    sunshine smile smiles smiling fun positive positivity uplifting upbeat bright cheer
    optimistic optimism summer good_day great_day wonderful_day birthday holiday celebrate celebration sing_along singalong
    brunch beach sing sunrise poolside good_times happy_hits euphoric bliss
    feliz felices alegre alegres alegria felicidad felicidade buen_rollo buena_onda verano verao
    divertido divertida sonrisa sorriso animada animado sol playa praia fiesta_feliz
    glucklich gluckliche gute_laune frohlich freude sommer sonne sonnenschein spass lachen
    heureux heureuse joyeux joie bonheur bonne_humeur ete soleil
    felice allegro allegra felicita estate
    bahagia gembira ceria senang semangat_pagi senyum riang liburan
    😀 😃 😄 😁 😊 🙂 😎 🌞 ☀ 🌈 😂 🥳 🎈 🌻 🏖 🌴 ✨ 🤗`,
  sad: `
    sad sadness sadder saddest cry crying cries tears tear heartbreak heartbroken broken_heart
    breakup break_up break-up broken lonely loneliness alone melancholy melancholic melancholia
    sorrow blue_mood depressed depressing depression miss_you missing_you goodbye grief mourning hurt hurts
    pain down_in emo feels gloomy weep weeping teardrop teardrops misery somber
    triste tristes tristeza tristezas desamor despecho llorar chorar llanto lagrimas soledad solidao
    corazon_roto coracao_partido sofrencia sofrimento melancolia melancolico saudade olvidarte dolor bajon
    traurig traurige trauriges traurigkeit trauer liebeskummer weinen tranen einsam einsamkeit herzschmerz melancholie abschied
    tristesse larmes pleurer chagrin melancolie seul
    lacrime piangere tristezza malinconia
    sedih galau patah_hati kesedihan menangis tangis rindu kangen sendiri luka kecewa air_mata
    😢 😭 💔 😞 😔 🥀 ☹ 🙁 😿 🖤`,
  energetic: `
    energy energetic energizing workout workouts work_out gym fitness running run runner jogging cardio
    crossfit training train pump pumped power powerful boost booster motivation motivational motivate motivated
    party parties dance dancing dancefloor club clubbing hype rave edm banger bangers beast
    beast_mode adrenaline sport sports sprint lift lifting hiit spin spinning uptempo up-tempo
    turn_up turnt festival festivals jump jumping bounce bounced exercise pregame pre-game game_day
    wild hardstyle moshpit mosh bass_boosted bassboosted big_room techno drops confidence wake_up
    entrenamiento entrenar entreno gimnasio energia energetica fiesta festa correr bailar dancar baile bailando
    motivacion motivacao treino academia marcha rumba perreo balada_eletronica musculacao fuerza
    energie sportlich trainieren feiern fete tanzen tanz laufen kraft motivationsmix abgehen
    danser soiree entrainement courir
    allenamento palestra ballare festa_dance correre
    olahraga lari pesta joget semangat senam goyang dugem nge-gym
    💪 🏋 🏃 🔥 ⚡ 🎉 🕺 💃 🚀 🥊 🚴 🤘 💥 🏆`,
  romantic: `
    love loving lover lovers romance romantic romantics valentine valentines valentine's date_night date wedding
    weddings kiss kisses kissing sensual intimate sexy bedroom_jams slow_jams slowjams sweetheart crush
    honeymoon candlelight candlelit heart_beats soulmate darling first_dance proposal love_songs
    love_story you_and_me cuddle
    amor amores romantico romantica romanticas romanticos romanticismo enamorado enamorada enamorados te_amo te_quiero besos
    beijo beijos apaixonado apaixonada namorados namoro bodas boda casamento carino pasion paixao
    liebe liebeslieder romantik romantisch hochzeit verliebt kuss kuscheln
    amour amours d'amour l'amour amoureux amoureuse romantique mariage bisou saint-valentin
    amore romantico_amore innamorati matrimonio bacio
    cinta romantis sayang asmara jatuh_cinta kasih pernikahan kekasih
    ❤ 💕 💖 💗 💘 💞 💓 😍 🥰 😘 💋 💍 💑 🌹 ♥ 💝 💌`,
  dark: `
    dark darkness darker darkest goth gothic evil doom death dead horror halloween spooky haunted haunting witch
    witchy sinister creepy murder demon demons devil satan satanic hell hellish black_metal death_metal doom_metal darkwave
    dark_side nightmare nightmares villain macabre dystopia dystopian brutal blood bloody vampire angry anger rage
    hate aggressive cyberpunk apocalypse ghost ghosts grave sombre
    oscuro oscura oscuridad escuro escuridao sombrio miedo terror diablo muerte morte infierno inferno rabia odio
    dunkel dunkle dunkelheit finster finstere bose tod holle teufel wut hass schwarz dusternis duster
    sombres tenebres mort enfer noirceur
    oscurita buio tenebre diavolo
    gelap kegelapan seram hantu mati kematian amarah iblis marah neraka
    💀 ☠ 👻 🦇 🧛 😈 👿 🔪 🩸 ⚰ 🕷 🎃 😡 🌑`,
};

/** Folded word, phrase (one blank between its words) or emoji -> its mood. */
export const moodOfWord: ReadonlyMap<string, SpokenMood> = new Map(
  (Object.keys(wordsOfMood) as SpokenMood[]).flatMap((mood) =>
    wordsOfMood[mood]
      .trim()
      .split(/\s+/)
      .map((word): [string, SpokenMood] => [word.replaceAll('_', ' '), mood]),
  ),
);

/** What a word of the mood weighs on AFINN's scale, -5 to 5, where AFINN does not know it. */
export const valenceOfMood: Readonly<Record<SpokenMood, number>> = {
  calm: 2,
  happy: 3,
  sad: -2,
  energetic: 2,
  romantic: 2,
  dark: -2,
};
