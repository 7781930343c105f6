using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Saves and restores the environments of a training as seeds and actions. An episode is reconstructed by replaying
/// them, so an environment needs no way to save itself. The observations are also saved and compared after the replay,
/// which detects environments that are not deterministic.
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
                $"environment {environment.Spec.Name}: the same seed and actions gave other observations than before "
                + "the checkpoint, so training cannot be resumed; draw all random numbers from the seed passed to "
                + "Reset");
        }
    }
}
