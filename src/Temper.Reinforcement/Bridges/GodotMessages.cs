using System.Text;
using System.Text.Json.Nodes;

namespace Temper.Reinforcement.Bridges;

/// <summary>Sends and receives JSON messages of Godot RL Agents; each is a length followed by the text.</summary>
internal static class GodotMessages
{
    internal const int DefaultPort = 11008;

    /// <summary>Handshake with the supported protocol version.</summary>
    internal static JsonObject Handshake =>
        new() { ["type"] = "handshake", ["major_version"] = "0", ["minor_version"] = "7" };

    internal static JsonObject Of(string type) => new() { ["type"] = type };

    internal static Task SendAsync(this FrameConnection peer, JsonObject message, CancellationToken cancel) =>
        peer.WriteAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), cancel);

    /// <summary>Receives the next message; null: the peer closed the connection.</summary>
    internal static async Task<JsonObject?> ReceiveAsync(
        this FrameConnection peer, TimeSpan patience, CancellationToken cancel) =>
        await peer.ReadAsync(patience, cancel).ConfigureAwait(false) is { } message
            ? JsonNumbers.Parse(message.Span, peer.Peer)
            : null;

    /// <summary>Receives a reply of the given type.</summary>
    /// <exception cref="BridgeException">The peer closed the connection, or the reply has another type.</exception>
    internal static async Task<JsonObject> AnswerAsync(
        this FrameConnection peer, string type, TimeSpan patience, CancellationToken cancel)
    {
        JsonObject? answer = await peer.ReceiveAsync(patience, cancel).ConfigureAwait(false);
        return answer is not null && string.Equals(JsonNumbers.Text(answer["type"]), type, StringComparison.Ordinal)
            ? answer
            : throw new BridgeException(
                $"{peer.Peer}: unexpected reply (expected type {type}, got '{JsonNumbers.Text(answer?["type"])}')");
    }

    /// <summary>Returns an element of an array in a message; null: there is no such element.</summary>
    internal static JsonNode? Item(JsonObject message, string field, int index) =>
        message[field] is JsonArray list && index < list.Count ? list[index] : null;
}
