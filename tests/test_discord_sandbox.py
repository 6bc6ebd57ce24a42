"""The local Discord keeps Discord's rules against the real discord.py. Knows nothing of Songwright."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from tests.discord_sandbox import Attachment, ClientRefused, Interaction, Message, NoResponse, Sandbox, Spec, running
from tests.discord_sandbox.example_bot import SongBot
from tests.discord_sandbox.spec import find_openapi

needs_openapi = pytest.mark.skipif(find_openapi() is None, reason="Discord's OpenAPI document is not here")
MANAGE_GUILD = 1 << 5


def complete(message: Message) -> bool:
    """Whether the song is there."""
    return bool(message.attachments)


class Stage:
    """A sandbox with a guild, a channel and two users."""

    def __init__(self, **options: Any) -> None:
        self.sandbox = Sandbox(**options)
        self.ada, self.bob = self.sandbox.user("ada"), self.sandbox.user("bob", locale="de")
        self.guild = self.sandbox.guild("Band room", self.ada, self.bob)
        self.room = self.guild.channel("songs")

    def bot(self, **options: Any) -> SongBot:
        """Return a bot for this sandbox."""
        return SongBot(connector=self.sandbox.connector(), **options)

    async def song(self, **options: Any) -> Interaction:
        """Let ada ask for a song."""
        return await self.sandbox.slash(self.ada, self.room, "/song", **{"topic": "rain"} | options)


def play(
    scene: Callable[[Stage, SongBot], Awaitable[None]], bot_options: dict[str, Any] | None = None, **options: Any
) -> Stage:
    """Run a scene with the example bot, and return what is left."""

    async def whole() -> Stage:
        stage = Stage(**options)
        async with asyncio.timeout(30), stage.sandbox:
            bot = stage.bot(**bot_options or {})
            async with running(bot, stage.sandbox, "song"):
                await scene(stage, bot)
        return stage

    return asyncio.run(whole())


async def rest(stage: Stage, method: str, path: str, **options: Any) -> tuple[int, Any]:
    """Send one request with the bot's token, as discord.py would, but without its retries."""
    async with aiohttp.ClientSession(connector=stage.sandbox.connector()) as session:
        headers = {"Authorization": f"Bot {stage.sandbox.token}"} | options.pop("headers", {})
        url = f"https://discord.com/api/v10{path}"
        async with session.request(method, url, headers=headers, **options) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None


def test_a_whole_song_is_made_edited_and_liked() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        reply = await stage.song(style="jazz waltz")
        message = await reply.final(until=complete)
        assert reply.answer == 5
        assert [old.content for old in message.history] == ["queued ...", "writing ..."]
        assert message.text == "A jazz waltz about rain"
        assert message.pings == []
        assert message.attachments[0].filename == "song.mid"
        assert message.attachments[0].data.startswith(b"MThd")
        liked = await (await stage.sandbox.press(stage.bob, message, "Like")).final()
        assert liked.ephemeral
        assert stage.bob.mention in liked.text
        assert liked.pings == []
        with pytest.raises(ClientRefused):
            await stage.sandbox.press(stage.ada, liked, "Like")
        pressed = await stage.sandbox.press(stage.ada, message, "Edit lyrics")
        await (await stage.sandbox.submit_modal(pressed, {"Lyrics": "la la"})).ack()
        assert message.content == "la la"
        assert message.attachments
        offered = await stage.sandbox.autocomplete(stage.ada, stage.room, "/song", focused="style", style="wal")
        assert offered == [{"name": "Jazz Waltz", "value": "jazz waltz"}]
        with pytest.raises(ClientRefused):
            await stage.song(topic="")

    assert play(scene).sandbox.complaints == []


def test_the_sandbox_works_without_the_openapi_document_and_says_so() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        await (await stage.song()).final(until=complete)
        with pytest.raises(discord.HTTPException, match="2000"):
            await bot.get_partial_messageable(int(stage.room.id)).send("x" * 2001)

    sandbox = play(scene, spec=Spec(None)).sandbox
    assert len(sandbox.events("no_openapi")) == 1
    assert [entry["status"] for entry in sandbox.complaints if entry["kind"] == "request"] == [400]


def test_a_second_sandbox_starts_at_once() -> None:
    async def start() -> float:
        started = time.monotonic()
        async with Sandbox():
            return time.monotonic() - started

    asyncio.run(start())
    assert asyncio.run(start()) < 0.3


def test_buttons_work_after_a_restart() -> None:
    async def scene() -> Stage:
        stage = Stage()
        async with stage.sandbox:
            async with running(stage.bot(), stage.sandbox, "song"):
                message = await (await stage.song()).final(until=complete)
            async with running(stage.bot(), stage.sandbox, "song"):
                assert (await (await stage.sandbox.press(stage.ada, message, "song:like")).final()).ephemeral
        return stage

    assert asyncio.run(scene()).sandbox.complaints == []


def test_a_gateway_may_come_and_go() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        gateway = stage.sandbox.gateway
        for trouble in (gateway.reconnect, lambda: gateway.drop(4000), gateway.drop, lambda: gateway.invalidate(True)):
            await trouble()
            reply = await stage.song()  # sent while the bot is away, or about to be
            await reply.final(until=complete)
        assert len(stage.sandbox.events("gateway_receive", op=6)) == 4
        assert len(stage.sandbox.events("gateway_receive", op=2)) == 1

    assert play(scene).sandbox.complaints == []


def test_a_zombie_connection_is_left_and_resumed() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        stage.sandbox.gateway.silent = True
        await stage.sandbox.until(lambda: stage.sandbox.events("gateway_receive", op=6), what="resume")
        stage.sandbox.gateway.silent = False
        await (await stage.song()).final(until=complete)

    assert play(scene, {"heartbeat_timeout": 0.5}, heartbeat=0.2).sandbox.complaints == []


def test_faults_of_requests_are_met_and_not_held_against_the_bot() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        stage.sandbox.fault("PATCH /webhooks/*/messages/@original", status=429, retry_after=0.2)
        await (await stage.song()).final(until=complete)
        stage.sandbox.fault("POST /interactions/*", delay=0.6)
        late = await stage.song()
        with pytest.raises(NoResponse):
            await late.ack(timeout=0.8)
        assert stage.sandbox.events("request", status=404)[-1]["error"]["code"] == 10062
        stage.sandbox.fault("POST /interactions/*", drop=True)
        await stage.song()
        await stage.sandbox.until(lambda: len(stage.sandbox.requests("POST /interactions/*")) >= 3)
        old = await stage.song()
        await old.ack()
        old.expire()
        await stage.sandbox.until(lambda: stage.sandbox.events("request", status=401))
        assert stage.sandbox.events("request", status=401)[-1]["error"]["code"] == 50027

    sandbox = play(scene, ack_deadline=0.5).sandbox
    assert {entry["status"] for entry in sandbox.complaints} == {401}


def test_bodies_that_discord_refuses_are_refused() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        twice = discord.ui.View()
        for _ in range(2):
            twice.add_item(discord.ui.Button(label="Twice", custom_id="same"))
        fields = {"fields": [{"name": "n" * 256, "value": "v" * 1024}] * 5}
        refused: dict[str, dict[str, Any]] = {
            "Must be 2000 or fewer": {"content": "x" * 2001},
            "6400 characters in all, 6000 allowed": {"embed": discord.Embed.from_dict(fields)},
            "used more than once": {"content": "twice", "view": twice},
            "is not attached": {"embed": discord.Embed().set_image(url="attachment://cover.png")},
        }
        channel = bot.get_partial_messageable(int(stage.room.id))
        for reason, options in refused.items():
            with pytest.raises(discord.HTTPException) as caught:
                await channel.send(**options)
            assert (caught.value.status, caught.value.code) == (400, 50035)
            assert reason in str(stage.sandbox.events("violation")[-1])
        with pytest.raises(discord.HTTPException) as caught:
            await channel.send(file=discord.File(io.BytesIO(bytes(10 * 1024 * 1024 + 1)), "big.wav"))
        assert (caught.value.status, caught.value.code) == (413, 40005)
        loud = await channel.send("@everyone", allowed_mentions=discord.AllowedMentions.all())
        assert stage.room.messages[str(loud.id)].pings == ["@everyone"]
        embed = await channel.send(
            embed=discord.Embed(title="@everyone"), allowed_mentions=discord.AllowedMentions.all()
        )
        assert stage.room.messages[str(embed.id)].pings == []

    play(scene, rate_limits={})


def test_components_v2_are_taken() -> None:
    class Card(discord.ui.LayoutView):
        box: discord.ui.Container[Any] = discord.ui.Container(
            discord.ui.TextDisplay("# Rain"), discord.ui.File("attachment://song.mid"), accent_colour=0x336699
        )

    async def scene(stage: Stage, bot: SongBot) -> None:
        channel = bot.get_partial_messageable(int(stage.room.id))
        sent = await channel.send(view=Card(), file=discord.File(io.BytesIO(b"MThd"), "song.mid"))
        assert stage.room.messages[str(sent.id)].text == "# Rain"

    assert play(scene).sandbox.complaints == []


def test_a_bot_in_its_own_process_is_reached_through_the_proxy() -> None:
    async def scene() -> Stage:
        stage = Stage()
        async with stage.sandbox:
            code = [sys.executable, "-m", "tests.discord_sandbox.example_bot"]
            environment = os.environ | stage.sandbox.environment()
            root = Path(__file__).resolve().parents[1]
            process = await asyncio.create_subprocess_exec(
                *code, cwd=root, env=environment, stderr=asyncio.subprocess.DEVNULL
            )
            try:
                await stage.sandbox.ready("song", timeout=20)
                await (await stage.song()).final(until=complete)
            finally:
                process.kill()
                await process.wait()
            await stage.sandbox.gone()
        return stage

    assert asyncio.run(scene()).sandbox.complaints == []


def test_what_ends_the_bot_is_raised_at_once() -> None:
    class Broken(SongBot):
        async def setup_hook(self) -> None:
            raise LookupError("no settings")

    async def scene() -> None:
        stage = Stage()
        async with stage.sandbox, running(Broken(connector=stage.sandbox.connector()), stage.sandbox, "song"):
            pass

    started = time.monotonic()
    with pytest.raises(LookupError, match="no settings"):
        asyncio.run(scene())
    assert time.monotonic() - started < 5


def test_a_bot_that_dies_ends_the_wait_of_the_test() -> None:
    class Mortal(SongBot):
        async def start(self, token: str, *, reconnect: bool = True) -> None:
            await asyncio.wait(
                [asyncio.ensure_future(super().start(token)), asyncio.ensure_future(asyncio.sleep(0.5))],
                return_when="FIRST_COMPLETED",
            )
            await self.close()
            raise LookupError("struck by lightning")

    async def scene() -> None:
        stage = Stage()
        async with stage.sandbox, running(Mortal(connector=stage.sandbox.connector()), stage.sandbox, "song"):
            await stage.sandbox.next_message(stage.room, timeout=20)

    with pytest.raises(LookupError, match="lightning"):
        asyncio.run(scene())


def test_only_messages_that_concern_the_bot_are_readable() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        sandbox = stage.sandbox
        seen: list[discord.Message] = []

        async def on_message(message: discord.Message) -> None:
            if message.author != bot.user:
                seen.append(message)

        bot.on_message = on_message  # type: ignore[method-assign]
        first = await sandbox.say(stage.ada, stage.room, "a song about rain", mention=True)
        ours = await bot.get_partial_messageable(int(stage.room.id)).send("here it is")
        stored = stage.room.messages[str(ours.id)]
        await sandbox.say(stage.bob, stage.room, "a secret")
        await sandbox.say(stage.bob, stage.room, "slower, please", reply_to=stored)
        await sandbox.say(stage.bob, stage.room, "quietly", reply_to=stored, ping=False)
        await sandbox.say(stage.bob, stage.room, "me too", reply_to=first, mention=True)
        await sandbox.say(stage.ada, sandbox.dm(stage.ada), "psst")
        while len(seen) < 6:
            await asyncio.sleep(0.01)
        told = f"{sandbox.bot.mention} a song about rain"
        assert [message.content for message in seen] == [
            told,
            "",
            "slower, please",
            "",
            f"{sandbox.bot.mention} me too",
            "psst",
        ]
        assert [bot.user in message.mentions for message in seen] == [True, False, True, False, True, False]
        assert seen[2].reference
        assert seen[2].reference.resolved
        assert seen[2].reference.resolved.content == "here it is"  # type: ignore[union-attr]
        assert isinstance(seen[0].author, discord.Member)
        assert seen[5].guild is None
        hidden = [message.content async for message in bot.get_partial_messageable(int(stage.room.id)).history()]
        assert "a secret" not in hidden
        assert "here it is" in hidden

    assert play(scene).sandbox.complaints == []


def test_a_reply_of_the_bot_is_the_next_message_and_pings_whom_it_answers() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        said = await stage.sandbox.say(stage.ada, stage.room, "rain", mention=True)
        answer = await stage.sandbox.next_message(stage.room, after=said)
        assert answer.content.endswith("rain")
        assert answer.reply_to is said
        assert answer.pings == []
        with pytest.raises(NoResponse):
            await stage.sandbox.next_message(stage.room, timeout=0.05)

    assert play(scene).sandbox.complaints == []
    loud = {"allowed_mentions": discord.AllowedMentions(everyone=False, users=False, roles=False, replied_user=True)}

    async def pinged(stage: Stage, bot: SongBot) -> None:
        said = await stage.sandbox.say(stage.ada, stage.room, "rain", mention=True)
        answer = await stage.sandbox.next_message(stage.room, after=said)
        assert stage.ada.mention in answer.pings
        assert answer.mentions == [stage.ada]

    play(pinged, loud)


def test_an_enforced_nonce_makes_one_message_even_when_the_answer_was_lost() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        body = {"content": "once", "nonce": "job-1", "enforce_nonce": True}
        path = f"/channels/{stage.room.id}/messages"
        stage.sandbox.fault("POST /channels/*/messages", drop=True, after=True)
        with pytest.raises(aiohttp.ClientError):
            await rest(stage, "POST", path, json=body)
        status, again = await rest(stage, "POST", path, json=body)
        assert status == 200
        assert list(stage.room.messages) == [again["id"]]
        assert again["nonce"] == "job-1"
        _, other = await rest(stage, "POST", path, json=body | {"enforce_nonce": False})
        assert other["id"] != again["id"]

    play(scene)


def test_members_roles_channels_and_guilds_come_and_go() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        sandbox, guild = stage.sandbox, stage.guild
        judge = guild.role("judge", MANAGE_GUILD)
        guild.give_role(stage.bob, judge)
        member = f"/guilds/{guild.id}/members"
        status, body = await rest(stage, "GET", f"{member}/{stage.bob.id}")
        assert (status, body["roles"]) == (200, [judge.id])
        guild.remove_member(stage.ada)
        status, body = await rest(stage, "GET", f"{member}/{stage.ada.id}")
        assert (status, body["code"]) == (404, 10007)
        with pytest.raises(ClientRefused):
            await stage.song()
        for path in (
            f"/users/{stage.ada.id}",
            f"/guilds/{guild.id}",
            f"/guilds/{guild.id}/roles",
            f"/channels/{stage.room.id}",
        ):
            assert (await rest(stage, "GET", path))[0] == 200
        assert (await rest(stage, "POST", f"/channels/{stage.room.id}/typing"))[0] == 204
        side = guild.channel("side")
        await sandbox.delete_channel(side)
        status, body = await rest(stage, "POST", f"/channels/{side.id}/messages", json={"content": "hi"})
        assert (status, body["code"]) == (404, 10003)
        await sandbox.remove_bot(guild)
        status, body = await rest(stage, "POST", f"/channels/{stage.room.id}/messages", json={"content": "hi"})
        assert (status, body["code"]) == (403, 50001)
        while bot.guilds:
            await asyncio.sleep(0.01)
        await sandbox.add_bot(guild)
        while not bot.guilds:
            await asyncio.sleep(0.01)
        assert bot.guilds[0].get_role(int(judge.id))
        assert bot.guilds[0].me is not None

    assert not play(scene).sandbox.events("self_check")


def test_a_command_behind_a_permission_is_for_those_with_the_role() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        @bot.tree.command(name="admin", description="Settings")
        @discord.app_commands.default_permissions(manage_guild=True)
        async def admin(
            interaction: discord.Interaction, role: discord.Role, who: discord.Member | discord.Role
        ) -> None:
            assert isinstance(interaction.user, discord.Member)
            names = [part.name for part in interaction.user.roles]
            await interaction.response.send_message(
                f"{role.name} {who.name} {names} {interaction.permissions.manage_guild}"
            )

        await bot.tree.sync()
        judge = await stage.sandbox.add_role(stage.guild, "judge", MANAGE_GUILD)
        with pytest.raises(ClientRefused):
            await stage.sandbox.slash(stage.ada, stage.room, "/admin", role=judge, who=stage.bob)
        stage.guild.give_role(stage.ada, judge)
        reply = await stage.sandbox.slash(stage.ada, stage.room, "/admin", role=judge, who=stage.bob)
        assert (await reply.final()).content == "judge bob ['@everyone', 'judge'] True"

    assert play(scene).sandbox.complaints == []


def test_select_menus_take_what_they_offer() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        chosen: list[list[str]] = []

        class Choosing(discord.ui.View):
            @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who", max_values=2)
            async def who(self, interaction: discord.Interaction, menu: discord.ui.UserSelect[Any]) -> None:
                chosen.append([user.name for user in menu.values])
                await interaction.response.defer()

            @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="where")
            async def where(self, interaction: discord.Interaction, menu: discord.ui.ChannelSelect[Any]) -> None:
                chosen.append([place.name for place in menu.values])
                await interaction.response.defer()

            @discord.ui.select(
                cls=discord.ui.Select, custom_id="key", options=[discord.SelectOption(label="C major", value="c")]
            )
            async def key(self, interaction: discord.Interaction, menu: discord.ui.Select[Any]) -> None:
                chosen.append(menu.values)
                await interaction.response.defer()

        sent = await bot.get_partial_messageable(int(stage.room.id)).send("choose", view=Choosing())
        message = stage.room.messages[str(sent.id)]
        choices: dict[str, tuple[Any, ...]] = {
            "who": (stage.ada, stage.bob),
            "where": (stage.room,),
            "key": ("C major",),
        }
        for menu, values in choices.items():
            assert await (await stage.sandbox.select(stage.ada, message, menu, *values)).ack() == 6
        assert [sorted(names) for names in chosen] == [["ada", "bob"], ["songs"], ["c"]]
        with pytest.raises(ClientRefused):
            await stage.sandbox.select(stage.ada, message, "key", "d")
        with pytest.raises(ClientRefused):
            await stage.sandbox.select(stage.ada, message, "who", stage.room)

    assert play(scene).sandbox.complaints == []


def test_contexts_say_where_and_by_whose_install_a_command_is_used() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        seen: list[tuple[Any, ...]] = []

        @bot.tree.command(name="where", description="Where are we?")
        @discord.app_commands.allowed_installs(guilds=True, users=True)
        @discord.app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
        async def where(interaction: discord.Interaction) -> None:
            context = interaction.context
            flags = (context.guild, context.dm_channel, context.private_channel)
            seen.append((*flags, interaction.is_user_integration(), interaction.is_guild_integration()))
            await interaction.response.send_message("here")
            for number in range(6):
                with contextlib.suppress(discord.HTTPException):
                    await interaction.followup.send(str(number))

        await bot.tree.sync()
        sandbox, ada, bob = stage.sandbox, stage.ada, stage.bob
        away = sandbox.guild("Elsewhere", ada, installed=False).channel("far")
        group = sandbox.private(ada, bob, sandbox.user("eve"))
        rooms = [(stage.room, False), (sandbox.dm(bob), False), (away, True), (group, False)]
        replies = []
        for room, install in rooms:
            user = bob if room.recipient else ada
            replies.append(await sandbox.slash(user, room, "/where", user_install=install))
            await replies[-1].final()
        with pytest.raises(ClientRefused):
            await sandbox.slash(ada, away, "/where")
        assert seen == [
            (True, False, False, False, True),
            (False, True, False, False, False),
            (True, False, False, True, False),
            (False, False, True, True, False),
        ]
        await replies[2].followup(4)
        await replies[3].followup(4)
        await sandbox.until(lambda: len(sandbox.events("request", status=400)) == 2, what="refused follow-ups")
        assert {entry["error"]["code"] for entry in sandbox.events("request", status=400)} == {40094}
        for room in (away, group):
            status, body = await rest(stage, "POST", f"/channels/{room.id}/messages", json={"content": "hi"})
            assert (status, body["code"]) == (403, 50001)

    play(scene, rate_limits={})


def test_a_button_of_a_user_install_keeps_its_owner_whoever_presses() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        pair = stage.sandbox.private(stage.ada, stage.bob)
        message = await (await stage.sandbox.slash(stage.ada, pair, "/song", topic="rain")).final(until=complete)
        pressed = await stage.sandbox.press(stage.bob, message, "Like")
        assert (await pressed.final()).ephemeral
        assert pressed.owners == {"1": stage.ada.id}
        assert not stage.sandbox.events("dispatch", event="MESSAGE_CREATE")
        with pytest.raises(ClientRefused):
            await stage.sandbox.press(stage.sandbox.user("eve"), message, "Like")

    assert play(scene).sandbox.complaints == []


def test_a_direct_message_needs_a_shared_guild_or_the_users_own_install() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        stranger = stage.sandbox.user("stranger")
        codes = []
        for user in (stage.ada, stranger, stage.sandbox.user("shy", dms_open=False)):
            path = f"/channels/{stage.sandbox.dm(user).id}/messages"
            codes.append((await rest(stage, "POST", path, json={"content": "hi"}))[1].get("code"))
        assert codes == [None, 50278, 50007]

    play(scene)


def test_commands_are_kept_per_scope_with_their_translations() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        body = [{"name": "lied", "description": "Ein Lied", "name_localizations": {"de": "lied"}}]
        scope = f"/applications/{stage.sandbox.application_id}/guilds/{stage.guild.id}/commands"
        assert (await rest(stage, "PUT", scope, json=body))[0] == 200
        assert "name_localizations" not in (await rest(stage, "GET", scope))[1][0]
        status, listed = await rest(stage, "GET", scope + "?with_localizations=true")
        assert (status, listed[0]["name_localizations"]) == (200, {"de": "lied"})
        status, added = await rest(stage, "POST", scope, json={"name": "ton", "description": "Ein Ton"})
        assert status == 201
        assert (await rest(stage, "DELETE", f"{scope}/{added['id']}"))[0] == 204
        assert [command["name"] for command in stage.sandbox.commands[stage.guild.id]] == ["lied"]
        status, edited = await rest(stage, "PATCH", "/applications/@me", json={"description": {"default": "songs"}})
        assert (status, edited["description"]) == (200, "songs")

    assert play(scene).sandbox.complaints == []


def test_latency_delays_every_answer() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        stage.sandbox.latency = 0.2
        started = time.monotonic()
        await rest(stage, "GET", "/users/@me")
        assert 0.2 <= time.monotonic() - started < 1
        reply = await stage.song()
        await reply.ack()
        assert 0.1 <= (reply.acked_after or 0) < 1

    assert play(scene).sandbox.complaints == []


def test_a_transcript_has_what_a_picture_needs(tmp_path: Path) -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        await stage.sandbox.say(stage.ada, stage.room, "hello", mention=True)
        await stage.sandbox.next_message(stage.room, until=lambda message: message.reply_to)
        await (await stage.song(style="blues")).final(until=complete)
        said, heard, made = stage.sandbox.transcript(stage.room, tmp_path / "files")
        assert (said["author"]["name"], heard["reply_to"]) == ("ada", said["id"])
        assert made["used"] == {"by": "ada", "kind": 2, "what": "/song topic:rain style:blues"}
        assert made["edits"] == 2
        assert made["components"][0]["components"][0]["label"] == "Like"
        assert Path(made["attachments"][0]["path"]).read_bytes().startswith(b"MThd")

    play(scene)


def test_an_upload_is_read_by_the_bot() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        @bot.tree.command(name="upload", description="Give a file")
        async def upload(interaction: discord.Interaction, file: discord.Attachment) -> None:
            await interaction.response.send_message(f"{file.filename} {len(await file.read())} {file.content_type}")

        await bot.tree.sync()
        reply = await stage.sandbox.slash(stage.ada, stage.room, "/upload", file=Attachment("song.mid", b"MThd1234"))
        assert (await reply.final()).content == "song.mid 8 audio/midi"

    assert play(scene).sandbox.complaints == []


@needs_openapi
def test_the_document_judges_what_the_limits_do_not() -> None:
    async def scene(stage: Stage, bot: SongBot) -> None:
        path = f"/channels/{stage.room.id}/messages"
        status, body = await rest(stage, "POST", path, json={"content": "x", "components": "none"})
        assert (status, body["code"]) == (400, 50035)
        assert (await rest(stage, "GET", "/voice/regions"))[0] == 501
        assert (await rest(stage, "GET", "/no/such/place"))[0] == 404

    kinds = {entry["kind"] for entry in play(scene).sandbox.complaints}
    assert kinds == {"violation", "request", "unimplemented", "unknown_route"}
