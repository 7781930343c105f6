using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Where the environments of a training are, as seeds and actions: an episode follows from them, so an environment need
/// not know how to save itself. The observation is saved too, and compared: an environment that does not repeat itself
/// is found out.
/// </summary>
internal static class VectorState
{
    private const string Tape = "environments.tape", Seen = "environments.seen";

    internal static JsonArray Save(VectorEnvironment environment, Dictionary<string, Tensor> tensors)
    {
        float[] tape = [.. environment.Slots.SelectMany(slot => slot.Tape)];
        tensors[Tape] = Tensor.From(tape, [tape.Length]);
        tensors[Seen] = Tensor.From(environment.Observations, [environment.Observations.Length]);
        return [.. environment.Slots.Select((slot, i) => (JsonNode)new JsonObject
        {
            ["seed"] = slot.Seed.ToString(CultureInfo.InvariantCulture), ["episode"] = environment.Episodes[i],
            ["carried"] = slot.Carried, ["length"] = slot.Tape.Count,
        })];
    }

    internal static void Restore(
        VectorEnvironment environment, JsonArray slots, IReadOnlyDictionary<string, Tensor> tensors)
    {
        ReadOnlySpan<float> tape = tensors[Tape].AsSpan<float>();
        for (int i = 0; i < environment.Slots.Count; i++)
        {
            JsonNode slot = slots[i]!;
            int length = slot["length"]!.GetValue<int>();
            environment.Episodes[i] = slot["episode"]!.GetValue<long>();
            environment.Slots[i].Replay(
                ulong.Parse(slot["seed"]!.GetValue<string>(), CultureInfo.InvariantCulture),
                slot["carried"]!.GetValue<long>(), tape[..length]);
            environment.Show(i);
            tape = tape[length..];
        }

        if (!environment.Observations.SequenceEqual(tensors[Seen].AsSpan<float>()))
        {
            throw new InvalidDataException(
                $"environment {environment.Spec.Name}: the same seed and actions led somewhere else than before; "
                + "training in it cannot be resumed. "
                + "Draw all random numbers from the seed of Reset");
        }
    }
}
