using System.Text;
using System.Text.Json.Nodes;

namespace Temper.Reinforcement.Bridges;

/// <summary>JSON messages of Godot RL Agents over a connection: a length, then the text.</summary>
internal static class GodotMessages
{
    internal const int DefaultPort = 11008;

    /// <summary>The version that is spoken.</summary>
    internal static JsonObject Handshake =>
        new() { ["type"] = "handshake", ["major_version"] = "0", ["minor_version"] = "7" };

    internal static JsonObject Of(string type) => new() { ["type"] = type };

    internal static Task SendAsync(this FrameConnection peer, JsonObject message, CancellationToken cancel) =>
        peer.WriteAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), cancel);

    /// <summary>The next message; null: the peer has ended the connection.</summary>
    internal static async Task<JsonObject?> ReceiveAsync(
        this FrameConnection peer, TimeSpan patience, CancellationToken cancel) =>
        await peer.ReadAsync(patience, cancel).ConfigureAwait(false) is { } message
            ? JsonNumbers.Parse(message.Span, peer.Peer)
            : null;

    /// <summary>An answer of a type.</summary>
    /// <exception cref="BridgeException">There is none, or of another type.</exception>
    internal static async Task<JsonObject> AnswerAsync(
        this FrameConnection peer, string type, TimeSpan patience, CancellationToken cancel)
    {
        JsonObject? answer = await peer.ReceiveAsync(patience, cancel).ConfigureAwait(false);
        return answer is not null && string.Equals(JsonNumbers.Text(answer["type"]), type, StringComparison.Ordinal)
            ? answer
            : throw new BridgeException(
                $"{peer.Peer}: no answer of type {type} (got '{JsonNumbers.Text(answer?["type"])}')");
    }

    /// <summary>An item of a list in a message; null where there is none.</summary>
    internal static JsonNode? Item(JsonObject message, string field, int index) =>
        message[field] is JsonArray list && index < list.Count ? list[index] : null;
}
